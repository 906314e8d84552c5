package dev.realalign.diffusion.model;

import dev.realalign.diffusion.JsonConfig;
import dev.realalign.diffusion.ModelFormatException;
import dev.realalign.diffusion.clip.ClipTextModel;
import dev.realalign.diffusion.denoiser.Conditioning;
import dev.realalign.diffusion.denoiser.Denoiser;
import dev.realalign.diffusion.schedule.NoiseSchedule;
import dev.realalign.diffusion.schedule.Scheduler;
import dev.realalign.diffusion.sd3.Sd3Config;
import dev.realalign.diffusion.sd3.Sd3Transformer;
import dev.realalign.diffusion.t5.T5Encoder;
import dev.realalign.diffusion.tensor.ElementType;
import dev.realalign.diffusion.tokenizer.ClipTokenizer;
import dev.realalign.diffusion.tokenizer.T5Tokenizer;
import dev.realalign.diffusion.tokenizer.TextTokenizer;
import dev.realalign.diffusion.unet.UNet2DConditionModel;
import dev.realalign.diffusion.vae.Autoencoder;
import dev.realalign.diffusion.vae.AutoencoderKl;
import dev.realalign.diffusion.vae.AutoencoderTiny;
import dev.realalign.diffusion.vae.PixelSpace;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A model folder's networks, loaded and matched. A folder without a VAE is a pixel-space model: the denoiser's samples are images in [-1, 1].
 */
public final class DiffusionModel implements AutoCloseable {
    private final Path folder;
    private final Denoiser denoiser;
    private final PromptEncoder promptEncoder;
    private final Scheduler scheduler;
    private final Autoencoder autoencoder;

    private DiffusionModel(
            Path folder, Denoiser denoiser, PromptEncoder promptEncoder, Scheduler scheduler, Autoencoder autoencoder) {
        this.folder = folder;
        this.denoiser = denoiser;
        this.promptEncoder = promptEncoder;
        this.scheduler = scheduler;
        this.autoencoder = autoencoder;
    }

    /**
     * Loads a folder in the diffusers layout.
     *
     * @throws ModelFormatException naming every file that is missing, of a wrong class or inconsistent, with the remedy
     */
    public static DiffusionModel load(Path folder, LoadOptions options) {
        ModelIndex index = ModelIndex.read(folder);
        Parts parts = new Parts();
        Scheduler scheduler =
                parts.load(() -> Scheduler.read(folder.resolve("scheduler").resolve("scheduler_config.json")));
        boolean flow = index.family() == ModelIndex.Family.STABLE_DIFFUSION_3;
        PromptEncoder prompts = flow ? sd3Prompts(folder, index, options, parts) : clipPrompts(folder, options, parts);
        Denoiser denoiser = flow
                ? parts.load(() -> Sd3Transformer.load(
                        folder.resolve("transformer"), options.variant(), options.type(), options.device()))
                : parts.load(() -> UNet2DConditionModel.load(
                        folder.resolve("unet"), options.variant(), options.type(), options.device()));
        Autoencoder autoencoder =
                denoiser == null ? null : parts.load(() -> autoencoder(folder, index, options, denoiser));
        if (denoiser != null && prompts != null && prompts.features() != denoiser.promptFeatures()) {
            parts.problems.add("the text encoders give " + prompts.features() + " features, the " + denoiser.prefix()
                    + " takes " + denoiser.promptFeatures());
        }
        if (denoiser != null && autoencoder != null && autoencoder.latentChannels() != denoiser.outChannels()) {
            parts.problems.add("the VAE has " + autoencoder.latentChannels() + " latent channels, the "
                    + denoiser.prefix() + " " + denoiser.outChannels());
        }
        if (scheduler == null
                || prompts == null
                || denoiser == null
                || autoencoder == null
                || !parts.problems.isEmpty()) {
            parts.close();
            throw new ModelFormatException(folder.toString(), parts.problems);
        }
        return new DiffusionModel(folder, denoiser, prompts, scheduler, autoencoder);
    }

    private static Autoencoder autoencoder(Path folder, ModelIndex index, LoadOptions options, Denoiser denoiser) {
        Path vae = folder.resolve("vae");
        if (!index.has("vae")) {
            return new PixelSpace(denoiser.outChannels());
        }
        return index.is("vae", "AutoencoderTiny")
                ? AutoencoderTiny.load(vae, options.variant(), options.device())
                : AutoencoderKl.load(vae, options.variant(), options.device());
    }

    private static @Nullable PromptEncoder clipPrompts(Path folder, LoadOptions options, Parts parts) {
        TextTokenizer tokenizer = parts.load(() -> ClipTokenizer.load(folder.resolve("tokenizer")));
        ClipTextModel encoder = clip(folder.resolve("text_encoder"), false, options, parts);
        parts.checkLength(tokenizer, encoder);
        return tokenizer == null || encoder == null ? null : new ClipPromptEncoder(tokenizer, encoder);
    }

    private static @Nullable PromptEncoder sd3Prompts(Path folder, ModelIndex index, LoadOptions options, Parts parts) {
        TextTokenizer tokenizerL = parts.load(() -> ClipTokenizer.load(folder.resolve("tokenizer")));
        TextTokenizer tokenizerG = parts.load(() -> ClipTokenizer.load(folder.resolve("tokenizer_2")));
        ClipTextModel encoderL = clip(folder.resolve("text_encoder"), true, options, parts);
        ClipTextModel encoderG = clip(folder.resolve("text_encoder_2"), true, options, parts);
        parts.checkLength(tokenizerL, encoderL);
        parts.checkLength(tokenizerG, encoderG);
        TextTokenizer tokenizerT5 = null;
        T5Encoder encoderT5 = null;
        if (index.has("text_encoder_3")) {
            tokenizerT5 = parts.load(
                    () -> T5Tokenizer.load(folder.resolve("tokenizer_3"), T5Tokenizer.STABLE_DIFFUSION_3_LENGTH));
            ElementType type =
                    options.type() == ElementType.F16 ? ElementType.BF16 : options.type(); // T5 overflows in F16
            encoderT5 = parts.load(
                    () -> T5Encoder.load(folder.resolve("text_encoder_3"), options.variant(), type, options.device()));
        }
        Sd3Config config = parts.load(
                () -> JsonConfig.read(folder.resolve("transformer").resolve("config.json"), Sd3Config::from));
        if (tokenizerL == null || tokenizerG == null || encoderL == null || encoderG == null || config == null) {
            return null;
        }
        int hidden = encoderL.config().hidden() + encoderG.config().hidden();
        int pooled = encoderL.config().projection() + encoderG.config().projection();
        if (hidden > config.jointFeatures() || pooled != config.pooledFeatures()) {
            parts.problems.add("the two CLIP encoders give " + hidden + " features and pooled vectors of " + pooled
                    + ", the transformer takes at most " + config.jointFeatures() + " and " + config.pooledFeatures());
        }
        return new Sd3PromptEncoder(
                tokenizerL, encoderL, tokenizerG, encoderG, tokenizerT5, encoderT5, config.jointFeatures());
    }

    private static @Nullable ClipTextModel clip(Path folder, boolean projected, LoadOptions options, Parts parts) {
        return parts.load(
                () -> ClipTextModel.load(folder, projected, options.variant(), options.type(), options.device()));
    }

    /** Components loaded so far, and what went wrong with others. */
    private static final class Parts {
        final List<AutoCloseable> loaded = new ArrayList<>();
        final List<String> problems = new ArrayList<>();

        <T> @Nullable T load(Supplier<T> loader) {
            try {
                T part = loader.get();
                if (part instanceof AutoCloseable closeable) {
                    loaded.add(closeable);
                }
                return part;
            } catch (ModelFormatException e) {
                problems.add(String.valueOf(e.getMessage()));
                return null;
            }
        }

        void checkLength(@Nullable TextTokenizer tokenizer, @Nullable ClipTextModel encoder) {
            if (tokenizer != null
                    && encoder != null
                    && tokenizer.length() > encoder.config().positions()) {
                problems.add(
                        "the tokenizer makes " + tokenizer.length() + " tokens of a prompt, the text encoder takes "
                                + encoder.config().positions());
            }
        }

        void close() {
            for (AutoCloseable part : loaded) {
                try {
                    part.close();
                } catch (Exception e) {
                    throw new IllegalStateException("a loaded component cannot be closed", e);
                }
            }
        }
    }

    public Path folder() {
        return folder;
    }

    /** The network that predicts noise; the model owns it. */
    public Denoiser denoiser() {
        return denoiser;
    }

    /** The sampler the folder names. */
    public Scheduler scheduler() {
        return scheduler;
    }

    /** The noise levels the network was trained at. */
    public NoiseSchedule schedule() {
        return scheduler.schedule();
    }

    /**
     * Encodes prompts for the denoiser; the empty prompt is the unconditional one.
     *
     * @return conditioning of as many samples, in the caller's scope
     */
    public Conditioning encodePrompts(List<String> prompts) {
        return promptEncoder.encode(prompts);
    }

    /** Images to what the denoiser works on and back; in pixel space the identity. The model owns it. */
    public Autoencoder autoencoder() {
        return autoencoder;
    }

    /** Whether the denoiser works on pixels. */
    public boolean pixelSpace() {
        return autoencoder instanceof PixelSpace;
    }

    /** Height and width in pixels of the images the model was trained at. */
    public int resolution() {
        return denoiser.nativeSize() * autoencoder.factor();
    }

    /** Height and width of an image must be multiples of this, in pixels. */
    public int imageFactor() {
        return denoiser.sizeFactor() * autoencoder.factor();
    }

    /** Channels of what the denoiser predicts: 3 in pixel space, 4 or 16 latent channels else. */
    public int channels() {
        return denoiser.outChannels();
    }

    /** SHA-256 of the denoiser's weight files: what an adapter of this model names as its base. */
    public String digest() {
        return denoiser.digest();
    }

    @Override
    public void close() {
        denoiser.close();
        promptEncoder.close();
        autoencoder.close();
    }
}
