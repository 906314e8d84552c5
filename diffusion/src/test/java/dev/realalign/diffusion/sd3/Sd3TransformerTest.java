package dev.realalign.diffusion.sd3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.realalign.diffusion.JsonConfig;
import dev.realalign.diffusion.ModelFormatException;
import dev.realalign.diffusion.clip.ClipTextModel;
import dev.realalign.diffusion.denoiser.Conditioning;
import dev.realalign.diffusion.lora.FullAdapter;
import dev.realalign.diffusion.lora.FullConfig;
import dev.realalign.diffusion.lora.LoraAdapter;
import dev.realalign.diffusion.lora.LoraConfig;
import dev.realalign.diffusion.nn.Weights;
import dev.realalign.diffusion.tensor.Autograd;
import dev.realalign.diffusion.tensor.Device;
import dev.realalign.diffusion.tensor.ElementType;
import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.diffusion.tensor.TensorScope;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class Sd3TransformerTest {

    private static final List<String> JOINT_ATTENTION = List.of(
            "attn.to_q",
            "attn.to_k",
            "attn.to_v",
            "attn.to_out.0",
            "attn.add_q_proj",
            "attn.add_k_proj",
            "attn.add_v_proj",
            "attn.to_add_out");

    /** The published configuration of Stable Diffusion 3.5 Medium. */
    private static final String MEDIUM =
            """
            {"_class_name": "SD3Transformer2DModel", "sample_size": 128, "patch_size": 2, "in_channels": 16,
             "num_layers": 24, "attention_head_dim": 64, "num_attention_heads": 24, "joint_attention_dim": 4096,
             "caption_projection_dim": 1536, "pooled_projection_dim": 2048, "out_channels": 16,
             "pos_embed_max_size": 384, "dual_attention_layers": [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
             "qk_norm": "rms_norm"}
            """;

    private static final String SMALL =
            """
            {"sample_size": 8, "in_channels": 4, "out_channels": 4, "num_layers": 3, "attention_head_dim": 4,
             "num_attention_heads": 2, "joint_attention_dim": 6, "caption_projection_dim": 8, "pooled_projection_dim": 5,
             "pos_embed_max_size": 8, "dual_attention_layers": [0], "qk_norm": "rms_norm"}
            """;

    private static Sd3Config config(String json) {
        return JsonConfig.parse("transformer/config.json", json, Sd3Config::from);
    }

    private static Sd3Transformer small() {
        return new Sd3Transformer(config(SMALL), Weights.random(1, ElementType.F32, Device.CPU), "random");
    }

    private static Conditioning prompts(int batch) {
        return Conditioning.of(Tensor.randn(2, batch, 3, 6), Tensor.randn(3, batch, 5));
    }

    @Test
    void every_tensor_of_the_medium_network_has_its_published_name_and_shape() {
        Map<String, List<Long>> expected = mediumTensors();
        try (Sd3Transformer transformer = new Sd3Transformer(config(MEDIUM), Weights.zeros(), "zeros")) {
            Map<String, List<Long>> actual = new HashMap<>();
            transformer.parameters().forEach((name, tensor) -> {
                List<Long> shape = new ArrayList<>();
                for (long length : tensor.shape()) {
                    shape.add(length);
                }
                actual.put(name, shape);
            });
            assertThat(actual).hasSize(909).isEqualTo(expected);
        }
    }

    /** The key list of the published file, written down from its structure. */
    private static Map<String, List<Long>> mediumTensors() {
        long d = 1536;
        Map<String, List<Long>> shapes = new HashMap<>();
        shapes.put("pos_embed.pos_embed", List.of(1L, 384L * 384, d));
        shapes.put("pos_embed.proj.weight", List.of(d, 16L, 2L, 2L));
        shapes.put("pos_embed.proj.bias", List.of(d));
        linear(shapes, "time_text_embed.timestep_embedder.linear_1", 256, d);
        linear(shapes, "time_text_embed.timestep_embedder.linear_2", d, d);
        linear(shapes, "time_text_embed.text_embedder.linear_1", 2048, d);
        linear(shapes, "time_text_embed.text_embedder.linear_2", d, d);
        linear(shapes, "context_embedder", 4096, d);
        linear(shapes, "norm_out.linear", d, 2 * d);
        linear(shapes, "proj_out", d, 64);
        for (int i = 0; i < 24; i++) {
            String block = "transformer_blocks." + i + ".";
            boolean last = i == 23;
            boolean dual = i <= 12;
            linear(shapes, block + "norm1.linear", d, (dual ? 9 : 6) * d);
            linear(shapes, block + "norm1_context.linear", d, (last ? 2 : 6) * d);
            for (String name : List.of("to_q", "to_k", "to_v", "to_out.0", "add_q_proj", "add_k_proj", "add_v_proj")) {
                linear(shapes, block + "attn." + name, d, d);
            }
            for (String name : List.of("norm_q", "norm_k", "norm_added_q", "norm_added_k")) {
                shapes.put(block + "attn." + name + ".weight", List.of(64L));
            }
            linear(shapes, block + "ff.net.0.proj", d, 4 * d);
            linear(shapes, block + "ff.net.2", 4 * d, d);
            if (!last) {
                linear(shapes, block + "attn.to_add_out", d, d);
                linear(shapes, block + "ff_context.net.0.proj", d, 4 * d);
                linear(shapes, block + "ff_context.net.2", 4 * d, d);
            }
            if (dual) {
                for (String name : List.of("to_q", "to_k", "to_v", "to_out.0")) {
                    linear(shapes, block + "attn2." + name, d, d);
                }
                shapes.put(block + "attn2.norm_q.weight", List.of(64L));
                shapes.put(block + "attn2.norm_k.weight", List.of(64L));
            }
        }
        return shapes;
    }

    private static void linear(Map<String, List<Long>> shapes, String name, long in, long out) {
        shapes.put(name + ".weight", List.of(out, in));
        shapes.put(name + ".bias", List.of(out));
    }

    @Test
    void lora_of_the_medium_network_has_191_modules_and_18776064_parameters_at_rank_32() {
        try (Sd3Transformer transformer = new Sd3Transformer(config(MEDIUM), Weights.zeros(), "zeros");
                LoraAdapter adapter = LoraAdapter.create(transformer, new LoraConfig(32, 64, JOINT_ATTENTION), 1)) {
            assertThat(adapter.layers()).hasSize(191);
            assertThat(adapter.parameterCount()).isEqualTo(18_776_064L);
            assertThat(adapter.parameters())
                    .containsKey("transformer.transformer_blocks.0.attn.to_out.0.lora_A.weight")
                    .containsKey("transformer.transformer_blocks.22.attn.to_add_out.lora_B.weight")
                    .doesNotContainKey("transformer.transformer_blocks.23.attn.to_add_out.lora_B.weight");
        }
    }

    @Test
    void the_first_sd3_network_loads_without_query_norms_and_dual_attention() {
        try (Sd3Transformer transformer = new Sd3Transformer(
                config("{\"num_layers\": 24, \"num_attention_heads\": 24, \"caption_projection_dim\": 1536,"
                        + " \"pos_embed_max_size\": 192}"),
                Weights.zeros(),
                "zeros")) {
            long buffer = 192L * 192 * 1536;
            long parameters = transformer.parameters().values().stream()
                    .mapToLong(Tensor::count)
                    .sum();
            assertThat(parameters - buffer).isEqualTo(2_028_328_000L);
        }
    }

    @Test
    void a_sample_of_any_aspect_keeps_its_shape_and_depends_on_everything_it_is_told() {
        try (Sd3Transformer transformer = small();
                TensorScope scope = TensorScope.open()) {
            Tensor noisy = Tensor.randn(4, 2, 4, 4, 10);
            Tensor timesteps = Tensor.of(new float[] {900, 10});
            Tensor out = transformer.predict(noisy, timesteps, prompts(2));
            assertThat(out.shape()).containsExactly(2, 4, 4, 10);
            assertThat(out.type()).isEqualTo(ElementType.F32);
            assertThat(differs(out, transformer.predict(noisy.mul(2), timesteps, prompts(2))))
                    .isTrue();
            assertThat(differs(out, transformer.predict(noisy, timesteps.add(1), prompts(2))))
                    .isTrue();
            Conditioning other = Conditioning.of(Tensor.randn(9, 2, 3, 6), Tensor.randn(3, 2, 5));
            assertThat(differs(out, transformer.predict(noisy, timesteps, other)))
                    .isTrue();
            Conditioning pooled = Conditioning.of(Tensor.randn(2, 2, 3, 6), Tensor.randn(9, 2, 5));
            assertThat(differs(out, transformer.predict(noisy, timesteps, pooled)))
                    .isTrue();
        }
    }

    private static boolean differs(Tensor a, Tensor b) {
        return a.sub(b).abs().max().item() > 1e-5;
    }

    @Test
    void a_fresh_lora_changes_nothing_and_its_gradients_reach_every_up_matrix() {
        try (Sd3Transformer transformer = small();
                LoraAdapter adapter = LoraAdapter.create(transformer, new LoraConfig(2, 2, JOINT_ATTENTION), 1);
                TensorScope scope = TensorScope.open()) {
            Tensor noisy = Tensor.randn(4, 1, 4, 4, 4);
            Tensor timesteps = Tensor.of(new float[] {500});
            Tensor plain = transformer.predict(noisy, timesteps, prompts(1));
            transformer.use(adapter);
            Tensor out = Autograd.withGrad(() -> transformer.predict(noisy, timesteps, prompts(1)));
            assertThat(out.toFloats()).containsExactly(plain.toFloats());
            Autograd.backward(out, Tensor.randn(5, 1, 4, 4, 4));
            adapter.layers().forEach((path, layer) -> {
                double gradient = Autograd.gradient(layer.up()).abs().max().item();
                if (path.equals("transformer_blocks.2.attn.add_q_proj")) {
                    assertThat(gradient)
                            .as("nothing reads what the last block's prompt asks for")
                            .isZero();
                } else {
                    assertThat(gradient).as(path).isGreaterThan(0);
                }
            });
            transformer.use(null);
        }
    }

    @Test
    void a_fresh_full_difference_changes_nothing_and_every_one_of_its_tensors_has_a_gradient() {
        try (Sd3Transformer transformer = small();
                FullAdapter adapter = new FullConfig().create(transformer, 0);
                TensorScope scope = TensorScope.open()) {
            Tensor noisy = Tensor.randn(4, 1, 4, 4, 4);
            Tensor timesteps = Tensor.of(new float[] {500});
            Tensor plain = transformer.predict(noisy, timesteps, prompts(1));
            transformer.use(adapter);
            Tensor out = Autograd.withGrad(() -> transformer.predict(noisy, timesteps, prompts(1)));
            assertThat(out.toFloats()).containsExactly(plain.toFloats());
            Autograd.backward(out, Tensor.randn(5, 1, 4, 4, 4));
            assertThat(adapter.parameters().values()).allMatch(Autograd::hasGradient);
            Tensor norm = adapter.parameter("transformer.transformer_blocks.0.attn.norm_q.diff");
            assertThat(Autograd.gradient(norm).abs().max().item()).isPositive();
            assertThat(adapter.paths())
                    .as("positions are a table, which nothing trains")
                    .doesNotContain("pos_embed");
            transformer.use(null);
        }
    }

    @Test
    void checkpointed_blocks_give_the_same_gradients() {
        try (Sd3Transformer transformer = small();
                LoraAdapter adapter = LoraAdapter.create(transformer, new LoraConfig(2, 2, JOINT_ATTENTION), 1)) {
            int seed = 70;
            for (Tensor parameter : adapter.parameters().values()) {
                parameter.assignInPlace(Tensor.randn(seed++, parameter.shape()).mul(0.1));
            }
            List<float[]> plain = gradients(transformer, adapter);
            long before = Tensor.liveCount();
            transformer.checkpointBlocks(true);
            List<float[]> checkpointed = gradients(transformer, adapter);
            for (int i = 0; i < plain.size(); i++) {
                assertThat(checkpointed.get(i)).containsExactly(plain.get(i), within(1e-5f));
            }
            assertThat(Tensor.liveCount()).isEqualTo(before);
        }
    }

    private static List<float[]> gradients(Sd3Transformer transformer, LoraAdapter adapter) {
        try (TensorScope step = TensorScope.open()) {
            adapter.parameters().values().forEach(Autograd::clear);
            transformer.use(adapter);
            Tensor noisy = Tensor.randn(4, 2, 4, 4, 6);
            Tensor out =
                    Autograd.withGrad(() -> transformer.predict(noisy, Tensor.of(new float[] {500, 20}), prompts(2)));
            transformer.use(null);
            Autograd.backward(out, Tensor.randn(5, out.shape()));
            List<float[]> gradients = new ArrayList<>();
            adapter.parameters()
                    .values()
                    .forEach(parameter ->
                            gradients.add(Autograd.gradient(parameter).toFloats()));
            return gradients;
        }
    }

    @Test
    void a_replica_shares_the_weights_and_says_the_same_bits() {
        try (Sd3Transformer transformer = small();
                Sd3Transformer replica = transformer.replica(Device.CPU);
                TensorScope scope = TensorScope.open()) {
            Tensor noisy = Tensor.randn(4, 2, 4, 4, 6);
            Tensor timesteps = Tensor.of(new float[] {500, 20});
            float[] said = transformer.predict(noisy, timesteps, prompts(2)).toFloats();
            assertThat(replica.predict(noisy, timesteps, prompts(2)).toFloats()).isEqualTo(said);
            Tensor first = transformer.parameters().values().iterator().next();
            first.assignInPlace(first.add(1));
            assertThat(replica.parameters().values().iterator().next().toFloats())
                    .isEqualTo(first.toFloats());
        }
    }

    @Test
    void what_does_not_fit_the_network_is_refused() {
        try (Sd3Transformer transformer = small();
                TensorScope scope = TensorScope.open()) {
            Tensor one = Tensor.of(new float[] {1});
            assertThatThrownBy(() -> transformer.predict(Tensor.zeros(1, 4, 5, 4), one, prompts(1)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("a sample must be (B, 4, H, W) with H and W multiples of 2, but is F32[1, 4, 5, 4]");
            assertThatThrownBy(() -> transformer.predict(Tensor.zeros(1, 4, 18, 4), one, prompts(1)))
                    .hasMessage("latents of 18 x 4 are larger than the network's positions allow, 16 x 16");
            assertThatThrownBy(() -> transformer.predict(Tensor.zeros(2, 4, 4, 4), one, prompts(2)))
                    .hasMessage("2 samples need as many timesteps and prompts, not 1 and 2");
            assertThatThrownBy(() ->
                            transformer.predict(Tensor.zeros(1, 4, 4, 4), one, Conditioning.of(Tensor.zeros(1, 3, 6))))
                    .hasMessage("this network needs the pooled vector of the prompt");
            assertThatThrownBy(() -> transformer.predict(
                            Tensor.zeros(1, 4, 4, 4), one, Conditioning.of(Tensor.zeros(1, 3, 7), Tensor.zeros(1, 5))))
                    .hasMessage("a prompt must have 6 features, but is F32[1, 3, 7]");
        }
    }

    @Test
    void a_configuration_that_contradicts_itself_is_named() {
        assertThatThrownBy(() -> config("{\"caption_projection_dim\": 7, \"qk_norm\": \"layer_norm\"}"))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining(
                        "\"caption_projection_dim\" 7 must equal num_attention_heads * attention_head_dim" + " = 1152")
                .hasMessageContaining("\"qk_norm\" \"layer_norm\" is not supported; supported are null and rms_norm");
    }

    @Test
    void without_t5_the_prompt_is_followed_by_zeros_of_its_length() {
        try (TensorScope scope = TensorScope.open()) {
            ClipTextModel.Output l = new ClipTextModel.Output(
                    Tensor.zeros(1, 4, 2),
                    Tensor.full(1, ElementType.F32, 1, 4, 2),
                    Tensor.full(5, ElementType.F32, 1, 2));
            ClipTextModel.Output g = new ClipTextModel.Output(
                    Tensor.zeros(1, 4, 3),
                    Tensor.full(2, ElementType.F32, 1, 4, 3),
                    Tensor.full(6, ElementType.F32, 1, 3));
            Conditioning joined = Sd3Prompts.join(l, g, null, 7);
            assertThat(joined.hiddenStates().shape()).containsExactly(1, 8, 7);
            assertThat(joined.hiddenStates().slice(1, 0, 1).toFloats()).containsExactly(1, 1, 2, 2, 2, 0, 0);
            assertThat(joined.hiddenStates().slice(1, 4, 8).abs().max().item()).isZero();
            Tensor pooled = Objects.requireNonNull(joined.pooled());
            assertThat(pooled.toFloats()).containsExactly(5, 5, 6, 6, 6);
            Tensor t5 = Tensor.full(3, ElementType.F32, 1, 2, 7);
            Tensor with = Sd3Prompts.join(l, g, t5, 7).hiddenStates();
            assertThat(with.slice(1, 4, 6).toFloats()).containsOnly(3);
            assertThat(with.shape()).containsExactly(1, 6, 7);
            assertThatThrownBy(() -> Sd3Prompts.join(l, g, null, 4))
                    .hasMessage("the CLIP encoders give 5 features; the transformer takes 4");
        }
    }
}
