package dev.realalign.diffusion.vae;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.realalign.diffusion.JsonConfig;
import dev.realalign.diffusion.ModelFormatException;
import dev.realalign.diffusion.nn.Weights;
import dev.realalign.diffusion.tensor.Device;
import dev.realalign.diffusion.tensor.ElementType;
import dev.realalign.diffusion.tensor.SafeTensors;
import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.diffusion.tensor.TensorScope;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.BiFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AutoencoderKlTest {

    private static final String SMALL =
            """
            {"down_block_types": ["DownEncoderBlock2D", "DownEncoderBlock2D"],
             "up_block_types": ["UpDecoderBlock2D", "UpDecoderBlock2D"],
             "block_out_channels": [4, 8], "norm_num_groups": 2, "scaling_factor": 0.5, "shift_factor": 0.25}
            """;

    private final Path folder;

    AutoencoderKlTest(@TempDir Path folder) {
        this.folder = folder;
    }

    private static AutoencoderKl random(long seed) {
        return new AutoencoderKl(
                JsonConfig.parse("config.json", SMALL, AutoencoderKlConfig::from),
                Weights.random(seed, ElementType.F32, Device.CPU));
    }

    /** Writes a folder whose tensors are those of a random network, renamed and reshaped. */
    private void write(AutoencoderKl vae, BiFunction<String, Tensor, Map.Entry<String, Tensor>> rewritten)
            throws IOException {
        Files.writeString(folder.resolve("config.json"), SMALL);
        Map<String, Tensor> tensors = new TreeMap<>();
        vae.network().tensors().forEach((name, tensor) -> {
            Map.Entry<String, Tensor> entry = rewritten.apply(name, tensor);
            tensors.put(entry.getKey(), entry.getValue());
        });
        SafeTensors.write(folder.resolve("diffusion_pytorch_model.safetensors"), tensors, Map.of());
    }

    @Test
    void a_folder_saved_the_old_way_loads_and_gives_the_same_numbers() throws IOException {
        try (AutoencoderKl vae = random(1);
                TensorScope scope = TensorScope.open()) {
            write(vae, (name, tensor) -> {
                String old = name.replace("attentions.0.to_q", "attentions.0.query")
                        .replace("attentions.0.to_k", "attentions.0.key")
                        .replace("attentions.0.to_v", "attentions.0.value")
                        .replace("attentions.0.to_out.0", "attentions.0.proj_attn");
                boolean convolution = old.startsWith("decoder") && !old.equals(name) && tensor.rank() == 2;
                return Map.entry(old, convolution ? tensor.reshape(tensor.size(0), tensor.size(1), 1, 1) : tensor);
            });
            try (SafeTensors file = SafeTensors.open(folder.resolve("diffusion_pytorch_model.safetensors"));
                    AutoencoderKl loaded = AutoencoderKl.load(folder, null, Device.CPU)) {
                assertThat(file.entries()).containsKey("encoder.mid_block.attentions.0.query.weight");
                assertThat(file.entries()).doesNotContainKey("encoder.mid_block.attentions.0.to_q.weight");
                assertThat(file.load("decoder.mid_block.attentions.0.proj_attn.weight")
                                .shape())
                        .containsExactly(8, 8, 1, 1);
                Tensor image = Tensor.uniform(2, -1, 1, 1, 3, 8, 12);
                assertThat(loaded.encode(image).mean().toFloats())
                        .containsExactly(vae.encode(image).mean().toFloats());
                Tensor latents = Tensor.randn(3, 1, 4, 4, 6);
                assertThat(loaded.decode(latents).toFloats())
                        .containsExactly(vae.decode(latents).toFloats());
            }
        }
    }

    @Test
    void weights_stored_in_half_precision_are_computed_with_in_full() throws IOException {
        try (AutoencoderKl vae = random(1);
                TensorScope scope = TensorScope.open()) {
            write(vae, (name, tensor) -> Map.entry(name, tensor.to(ElementType.F16)));
            Files.move(
                    folder.resolve("diffusion_pytorch_model.safetensors"),
                    folder.resolve("diffusion_pytorch_model.fp16.safetensors"));
            try (AutoencoderKl loaded = AutoencoderKl.load(folder, "fp16", Device.CPU)) {
                assertThat(loaded.network().type()).isEqualTo(ElementType.F32);
                Tensor latents = Tensor.randn(3, 1, 4, 4, 4);
                double difference = loaded.decode(latents)
                        .sub(vae.decode(latents))
                        .abs()
                        .max()
                        .item();
                assertThat(difference).isGreaterThan(0).isLessThan(0.01);
            }
        }
    }

    @Test
    void what_does_not_fit_is_listed_together_with_the_files_name() throws IOException {
        try (AutoencoderKl vae = random(1);
                TensorScope scope = TensorScope.open()) {
            write(
                    vae,
                    (name, tensor) -> name.equals("quant_conv.weight")
                            ? Map.entry("quantum.weight", tensor)
                            : Map.entry(name, name.equals("decoder.conv_in.bias") ? Tensor.zeros(5) : tensor));
            long before = Tensor.liveCount();
            assertThatThrownBy(() -> AutoencoderKl.load(folder, null, Device.CPU))
                    .isInstanceOf(ModelFormatException.class)
                    .hasMessageContaining(folder.resolve("diffusion_pytorch_model.safetensors")
                            .toString())
                    .hasMessageContaining("quant_conv.weight is missing; expected shape [8, 8, 1, 1]")
                    .hasMessageContaining("decoder.conv_in.bias has shape [5], expected [8]")
                    .hasMessageContaining("quantum.weight is not part of this network");
            assertThat(Tensor.liveCount()).isEqualTo(before);
        }
    }

    @Test
    void latents_are_shifted_and_scaled_and_decoding_undoes_it() {
        try (AutoencoderKl vae = random(4);
                TensorScope scope = TensorScope.open()) {
            Tensor z = Tensor.of(new float[] {1, 2, 3, 4}, 1, 4, 1, 1);
            assertThat(vae.scaled(z).toFloats()).containsExactly(0.375f, 0.875f, 1.375f, 1.875f);
        }
    }

    @Test
    void a_posterior_is_sampled_with_the_given_noise() {
        try (AutoencoderKl vae = random(5);
                TensorScope scope = TensorScope.open()) {
            Posterior posterior = vae.encode(Tensor.uniform(2, -1, 1, 2, 3, 4, 4));
            assertThat(posterior.mean().shape()).containsExactly(2, 4, 2, 2);
            Tensor noise = Tensor.randn(9, 2, 4, 2, 2);
            float[] mean = posterior.mean().toFloats();
            float[] logvar = Objects.requireNonNull(posterior.logvar()).toFloats();
            float[] z = posterior.sample(noise).toFloats();
            float[] n = noise.toFloats();
            for (int i = 0; i < z.length; i++) {
                assertThat(z[i]).isCloseTo((float) (mean[i] + Math.exp(logvar[i] / 2) * n[i]), within(1e-5f));
            }
            Tensor extreme = Tensor.of(new float[] {1e9f}, 1, 1, 1, 1);
            assertThat(new Posterior(extreme, null).sample(extreme).item()).isEqualTo(1e9);
        }
    }

    @Test
    void images_in_tiles_stay_close_to_the_whole_and_fit_together() {
        try (AutoencoderKl vae = random(6);
                TensorScope scope = TensorScope.open()) {
            Tensor latents = Tensor.randn(7, 1, 4, 20, 12);
            Tensor whole = vae.decode(latents);
            Tensor tiled = vae.decode(latents, 8);
            assertThat(tiled.shape()).containsExactly(1, 3, 40, 24);
            // group normalisation sees other pixels in a tile, so the two differ, but not much
            double distance = tiled.sub(whole).square().mean().item();
            double spread = whole.sub(whole.mean()).square().mean().item();
            assertThat(distance).isGreaterThan(0).isLessThan(0.5 * spread);
            Tensor image = Tensor.uniform(8, -1, 1, 1, 3, 40, 24);
            assertThat(vae.encode(image, 8).mean().shape()).containsExactly(1, 4, 20, 12);
            double apart = vae.encode(image, 8)
                    .mean()
                    .sub(vae.encode(image).mean())
                    .square()
                    .mean()
                    .item();
            assertThat(apart).isGreaterThan(0).isLessThan(0.1);
        }
    }

    @Test
    void wrong_shapes_are_refused() {
        try (AutoencoderKl vae = random(6);
                TensorScope scope = TensorScope.open()) {
            assertThatThrownBy(() -> vae.encode(Tensor.zeros(1, 3, 5, 4)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("images must be (B, 3, H, W) with H and W multiples of 2, but are F32[1, 3, 5, 4]");
            assertThatThrownBy(() -> vae.decode(Tensor.zeros(1, 3, 4, 4)))
                    .hasMessage("latents must be (B, 4, H, W), but are F32[1, 3, 4, 4]");
        }
    }

    @Test
    void published_autoencoders_have_their_published_sizes() {
        String published =
                """
                {"down_block_types": ["DownEncoderBlock2D", "DownEncoderBlock2D", "DownEncoderBlock2D", "DownEncoderBlock2D"],
                 "up_block_types": ["UpDecoderBlock2D", "UpDecoderBlock2D", "UpDecoderBlock2D", "UpDecoderBlock2D"],
                 "block_out_channels": [128, 256, 512, 512], "layers_per_block": 2, %s}
                """;
        assertSize(published.formatted("\"latent_channels\": 4"), 248, 83_653_863L);
        assertSize(
                published.formatted(
                        "\"latent_channels\": 16, \"use_quant_conv\": false, \"use_post_quant_conv\": false"),
                244,
                83_819_683L);
    }

    private static void assertSize(String json, int tensors, long parameters) {
        AutoencoderKlConfig config = JsonConfig.parse("config.json", json, AutoencoderKlConfig::from);
        try (AutoencoderKl vae = new AutoencoderKl(config, Weights.zeros())) {
            assertThat(vae.network().tensors()).hasSize(tensors);
            assertThat(vae.network().parameterCount()).isEqualTo(parameters);
            assertThat(vae.factor()).isEqualTo(8);
        }
    }

    @Test
    void absent_keys_mean_the_class_defaults_and_unknown_ones_are_named() {
        AutoencoderKlConfig config = JsonConfig.parse("config.json", "{}", AutoencoderKlConfig::from);
        assertThat(config.scalingFactor()).isEqualTo(0.18215);
        assertThat(config.shiftFactor()).isZero();
        assertThat(config.groups()).isEqualTo(32);
        assertThat(config.factor()).isEqualTo(1);
        assertThatThrownBy(() -> JsonConfig.parse(
                        "config.json",
                        "{\"down_block_types\": [\"AttnDownEncoderBlock2D\"], \"latents_mean\": [0], \"act_fn\": \"mish\"}",
                        AutoencoderKlConfig::from))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining(
                        "\"down_block_types\" must be 1 times DownEncoderBlock2D but is" + " [AttnDownEncoderBlock2D]")
                .hasMessageContaining("\"latents_mean\" is not supported; set it to null")
                .hasMessageContaining("the activation \"mish\" is unknown");
    }
}
