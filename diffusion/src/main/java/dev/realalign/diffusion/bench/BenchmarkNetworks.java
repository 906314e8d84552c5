package dev.realalign.diffusion.bench;

import dev.realalign.diffusion.JsonConfig;
import dev.realalign.diffusion.nn.Weights;
import dev.realalign.diffusion.schedule.Scheduler;
import dev.realalign.diffusion.tensor.Device;
import dev.realalign.diffusion.tensor.ElementType;
import dev.realalign.diffusion.unet.UNet2DConditionConfig;
import dev.realalign.diffusion.unet.UNet2DConditionModel;
import dev.realalign.diffusion.vae.AutoencoderKl;
import dev.realalign.diffusion.vae.AutoencoderKlConfig;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.function.Function;

/** The networks that are measured, in F32 with weights drawn from a fixed seed. */
public final class BenchmarkNetworks {
    private static final String UNET = "unet.json";
    private static final long SEED = 1;

    private BenchmarkNetworks() {}

    /** A U-Net of 10.8 million weights: 4 latent channels, prompts of 128 features. */
    public static UNet2DConditionModel unet(Device device) {
        return new UNet2DConditionModel(
                config(UNET, UNet2DConditionConfig::from), Weights.random(SEED, ElementType.F32, device), UNET);
    }

    /** An autoencoder with the blocks of Stable Diffusion's, narrower: 4 latent channels, 8 pixels per latent. */
    static AutoencoderKl autoencoder(Device device) {
        return new AutoencoderKl(
                config("vae.json", AutoencoderKlConfig::from), Weights.random(SEED, ElementType.F32, device));
    }

    /** DDIM on the noise schedule of Stable Diffusion 1.5. */
    public static Scheduler scheduler() {
        return config("scheduler.json", Scheduler::from);
    }

    private static <T> T config(String resource, Function<JsonConfig, T> mapping) {
        try (InputStream in = Objects.requireNonNull(BenchmarkNetworks.class.getResourceAsStream(resource), resource)) {
            return JsonConfig.parse(resource, new String(in.readAllBytes(), StandardCharsets.UTF_8), mapping);
        } catch (IOException e) {
            throw new UncheckedIOException("reading " + resource + " from the class path", e);
        }
    }
}
