package dev.realalign.diffusion.unet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.realalign.diffusion.JsonConfig;
import dev.realalign.diffusion.ModelFormatException;
import dev.realalign.diffusion.TinyModels;
import dev.realalign.diffusion.denoiser.Conditioning;
import dev.realalign.diffusion.lora.LoraAdapter;
import dev.realalign.diffusion.lora.LoraConfig;
import dev.realalign.diffusion.nn.Weights;
import dev.realalign.diffusion.parity.ParityResult;
import dev.realalign.diffusion.tensor.Autograd;
import dev.realalign.diffusion.tensor.Device;
import dev.realalign.diffusion.tensor.ElementType;
import dev.realalign.diffusion.tensor.SafeTensors;
import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.diffusion.tensor.TensorScope;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class UNet2DConditionModelTest {
    @TempDir
    Path folder;

    private TensorScope scope;

    @BeforeEach
    void open() {
        scope = TensorScope.open();
    }

    @AfterEach
    void close() {
        scope.close();
    }

    private static UNet2DConditionConfig config(String json) {
        return JsonConfig.parse("config.json", json, UNet2DConditionConfig::from);
    }

    private static Conditioning prompt(int batch, int features) {
        return Conditioning.of(Tensor.randn(9, batch, 5, features));
    }

    private static Tensor predict(UNet2DConditionModel unet) {
        return unet.predict(Tensor.randn(2, 2, 4, 8, 8), Tensor.of(new long[] {10, 900}), prompt(2, 12));
    }

    @Test
    @DisplayName(
            "an empty configuration is Stable Diffusion 1.5 but for its prompts' width: 686 tensors, 128 attention layers, 797,184 LoRA weights")
    void stableDiffusion15() {
        UNet2DConditionConfig config = config("{\"cross_attention_dim\": 768}");
        try (UNet2DConditionModel unet = new UNet2DConditionModel(config, Weights.zeros(), "zeros");
                LoraAdapter adapter = LoraAdapter.create(unet, new LoraConfig(4, 4), 1)) {
            assertThat(unet.parameters()).hasSize(686);
            assertThat(unet.parameters().values().stream()
                            .mapToLong(Tensor::count)
                            .sum())
                    .isEqualTo(859_520_964L);
            assertThat(adapter.layers()).hasSize(128);
            assertThat(adapter.parameterCount()).isEqualTo(797_184L);
            assertThat(unet.nativeSize()).isEqualTo(64);
            assertThat(unet.sizeFactor()).isEqualTo(8);
        }
    }

    @Test
    @DisplayName("the inpainting network differs in its first convolution alone")
    void inpainting() {
        UNet2DConditionConfig config = config("{\"cross_attention_dim\": 768, \"in_channels\": 9}");
        try (UNet2DConditionModel unet = new UNet2DConditionModel(config, Weights.zeros(), "zeros")) {
            assertThat(unet.parameters()).hasSize(686);
            assertThat(unet.inChannels()).isEqualTo(9);
            assertThat(unet.parameters().values().stream()
                            .mapToLong(Tensor::count)
                            .sum())
                    .isEqualTo(859_520_964L + 5 * 9 * 320);
        }
    }

    @Test
    @DisplayName("the configuration of SDXL gives its 2.6 billion weights in 1,680 tensors")
    void sdxl() {
        UNet2DConditionConfig config = config(
                """
                {"down_block_types": ["DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"],
                 "up_block_types": ["CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"], "block_out_channels": [320, 640, 1280],
                 "attention_head_dim": [5, 10, 20], "transformer_layers_per_block": [1, 2, 10], "cross_attention_dim": 2048,
                 "use_linear_projection": true, "addition_embed_type": "text_time", "addition_time_embed_dim": 256,
                 "projection_class_embeddings_input_dim": 2816, "sample_size": 128, "upcast_attention": null}
                """);
        try (UNet2DConditionModel unet = new UNet2DConditionModel(config, Weights.zeros(), "zeros")) {
            assertThat(unet.parameters()).hasSize(1680);
            assertThat(unet.parameters().values().stream()
                            .mapToLong(Tensor::count)
                            .sum())
                    .isEqualTo(2_567_463_684L);
            assertThat(unet.linears()).containsKey("mid_block.attentions.0.transformer_blocks.9.attn2.to_out.0");
            assertThat(unet.linears()).containsKey("down_blocks.1.attentions.0.proj_in");
        }
    }

    @Test
    @DisplayName("a network with SDXL's second embedding and linear projections takes pooled prompts and sizes")
    void additionalEmbedding() {
        UNet2DConditionConfig config = config(
                TinyModels.UNET_CONFIG.replace(
                        "\"layers_per_block\": 1",
                        "\"layers_per_block\": 1, \"use_linear_projection\": true, \"transformer_layers_per_block\": [2, 1], \"upcast_attention\": true,"
                                + " \"addition_embed_type\": \"text_time\", \"addition_time_embed_dim\": 8, \"projection_class_embeddings_input_dim\": 55"));
        try (UNet2DConditionModel unet =
                new UNet2DConditionModel(config, Weights.random(1, ElementType.F32, Device.CPU), "random")) {
            Tensor noisy = Tensor.randn(2, 1, 4, 8, 8);
            Tensor t = Tensor.of(new long[] {500});
            Tensor hidden = Tensor.randn(3, 1, 5, 12);
            Tensor sizes = Tensor.of(new float[] {64, 64, 0, 0, 64, 64}, 1, 6);
            Tensor out = unet.predict(noisy, t, new Conditioning(hidden, Tensor.randn(4, 1, 7), sizes));
            assertThat(out.isFinite()).isTrue();
            Tensor cropped = Tensor.of(new float[] {64, 64, 9, 0, 64, 64}, 1, 6);
            assertThat(unet.predict(noisy, t, new Conditioning(hidden, Tensor.randn(4, 1, 7), cropped))
                            .toFloats())
                    .isNotEqualTo(out.toFloats());
            assertThatThrownBy(() -> unet.predict(noisy, t, Conditioning.of(hidden)))
                    .hasMessageContaining("takes a pooled prompt and time ids beside the prompt (SDXL)");
        }
    }

    @Test
    @DisplayName("settings of other networks are refused by name, all at once")
    void unsupported() {
        assertThatThrownBy(
                        () -> config(
                                """
                {"_class_name": "UNet3DConditionModel", "act_fn": "wavelet", "class_embed_type": "timestep", "resnet_time_scale_shift": "scale_shift",
                 "down_block_types": ["AttnDownBlock2D", "DownBlock2D"], "up_block_types": ["UpBlock2D"], "block_out_channels": [30, 64],
                 "layers_per_block": [1], "attention_head_dim": 7, "mid_block_scale_factor": 1.4, "addition_embed_type": "image"}
                """))
                .isInstanceOf(ModelFormatException.class)
                .satisfies(e -> assertThat(((ModelFormatException) e).problems())
                        .anyMatch(p -> p.contains("\"_class_name\" is \"UNet3DConditionModel\""))
                        .anyMatch(p -> p.contains("the activation \"wavelet\" is unknown"))
                        .anyMatch(p -> p.contains("\"class_embed_type\" is \"timestep\", which is not supported"))
                        .anyMatch(p -> p.contains(
                                "\"resnet_time_scale_shift\" is \"scale_shift\", only \"default\" is supported"))
                        .anyMatch(p -> p.contains("\"down_block_types\" has AttnDownBlock2D"))
                        .anyMatch(p -> p.contains("must have one entry per block, not 2, 2 and 1"))
                        .anyMatch(p -> p.contains("block_out_channels 30 cannot be divided into norm_num_groups 32"))
                        .anyMatch(p -> p.contains("block_out_channels 64 cannot be divided into 7 attention heads"))
                        .anyMatch(p -> p.contains(
                                "\"layers_per_block\" must be a number or have one entry for each of 2 blocks"))
                        .anyMatch(p -> p.contains("\"mid_block_scale_factor\" is 1.4, only 1 is supported"))
                        .anyMatch(p -> p.contains("only text_time is supported")));
    }

    @Test
    @DisplayName("weights that belong to another configuration are listed by name, and nothing stays loaded")
    void foreignWeights() throws IOException {
        try (UNet2DConditionModel unet = TinyModels.unet(1)) {
            Map<String, Tensor> tensors = new HashMap<>(unet.parameters());
            tensors.remove("mid_block.resnets.0.norm1.bias");
            tensors.put("conv_in.weight", Tensor.zeros(16, 9, 3, 3));
            tensors.put("class_embedding.weight", Tensor.zeros(3));
            SafeTensors.write(folder.resolve("diffusion_pytorch_model.safetensors"), tensors, Map.of());
        }
        Files.writeString(folder.resolve("config.json"), TinyModels.UNET_CONFIG);
        long before = Tensor.liveCount();
        assertThatThrownBy(() -> UNet2DConditionModel.load(folder, null, ElementType.F32, Device.CPU))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageStartingWith(folder.resolve("diffusion_pytorch_model.safetensors") + " cannot be used:")
                .hasMessageContaining("mid_block.resnets.0.norm1.bias is missing; expected shape [32]")
                .hasMessageContaining("conv_in.weight has shape [16, 9, 3, 3], expected [16, 4, 3, 3]")
                .hasMessageContaining("class_embedding.weight is not part of this network");
        assertThat(Tensor.liveCount()).isEqualTo(before);
    }

    @Test
    @DisplayName("weights stored in half precision load, and only the variant need be there")
    void halfPrecision() throws IOException {
        float[] full;
        try (UNet2DConditionModel unet = TinyModels.unet(1)) {
            full = predict(unet).toFloats();
            Map<String, Tensor> halves = new HashMap<>();
            unet.parameters().forEach((name, tensor) -> halves.put(name, tensor.to(ElementType.F16)));
            SafeTensors.write(folder.resolve("diffusion_pytorch_model.fp16.safetensors"), halves, Map.of());
        }
        Files.writeString(folder.resolve("config.json"), TinyModels.UNET_CONFIG);
        for (String variant : new String[] {"fp16", ""}) {
            try (UNet2DConditionModel unet = UNet2DConditionModel.load(
                    folder, variant.isEmpty() ? null : variant, ElementType.F32, Device.CPU)) {
                assertThat(ParityResult.relativeError(predict(unet).toFloats(), full))
                        .isBetween(1e-9, 5e-3);
                assertThat(unet.type()).isEqualTo(ElementType.F32);
            }
        }
        try (UNet2DConditionModel unet = UNet2DConditionModel.load(folder, null, ElementType.BF16, Device.CPU)) {
            assertThat(ParityResult.relativeError(predict(unet).toFloats(), full))
                    .isBetween(1e-4, 5e-2);
        }
    }

    @Test
    @DisplayName("samples, timesteps and prompts that do not go together are refused with what is expected")
    void refusals() {
        try (UNet2DConditionModel unet = TinyModels.unet(1)) {
            Tensor t = Tensor.of(new long[] {1});
            assertThatThrownBy(() -> unet.predict(Tensor.zeros(1, 3, 8, 8), t, prompt(1, 12)))
                    .hasMessage("the U-Net takes samples (B, 4, H, W), not [1, 3, 8, 8]");
            assertThatThrownBy(() -> unet.predict(Tensor.zeros(1, 4, 7, 8), t, prompt(1, 12)))
                    .hasMessage("the U-Net takes heights and widths that are multiples of 2, not 7 x 8");
            assertThatThrownBy(() -> unet.predict(Tensor.zeros(1, 4, 8, 8), t, prompt(2, 12)))
                    .hasMessageContaining("prompts (B, M, 12), not [1] and [2, 5, 12]");
            assertThatThrownBy(() -> unet.predict(Tensor.zeros(1, 4, 8, 8), t, prompt(1, 11)))
                    .hasMessageContaining("not [1] and [1, 5, 11]");
        }
    }

    @Test
    @DisplayName("the same inputs give the same bits, with one thread or two")
    void deterministic() {
        try (UNet2DConditionModel unet = TinyModels.unet(1)) {
            float[] first = predict(unet).toFloats();
            assertThat(predict(unet).toFloats()).containsExactly(first);
        }
        try (UNet2DConditionModel again = TinyModels.unet(1)) {
            float[] first = predict(again).toFloats();
            try (UNet2DConditionModel other = TinyModels.unet(2)) {
                assertThat(predict(other).toFloats()).isNotEqualTo(first);
            }
        }
    }

    @Test
    @DisplayName("gradients of every weight are the same bits each time, at sizes that take several threads")
    void repeatableGradients() {
        UNet2DConditionConfig wide = config(
                """
                {"sample_size": 16, "block_out_channels": [32, 96], "layers_per_block": 1, "cross_attention_dim": 12, "attention_head_dim": 4,
                 "down_block_types": ["CrossAttnDownBlock2D", "DownBlock2D"], "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D"]}
                """);
        try (UNet2DConditionModel unet =
                new UNet2DConditionModel(wide, Weights.random(3, ElementType.F32, Device.CPU), "random")) {
            unet.parameters().values().forEach(Tensor::requireGrad);
            List<float[]> first = gradients(unet);
            assertThat(first).allMatch(gradient -> gradient.length > 0);
            for (int pass = 0; pass < 3; pass++) {
                List<float[]> again = gradients(unet);
                for (int i = 0; i < first.size(); i++) {
                    assertThat(again.get(i)).isEqualTo(first.get(i));
                }
            }
        }
    }

    private static List<float[]> gradients(UNet2DConditionModel unet) {
        try (TensorScope step = TensorScope.open()) {
            Tensor y = Autograd.withGrad(() -> unet.predict(
                    Tensor.randn(1, 4, 4, 16, 16), Tensor.of(new long[] {1, 250, 600, 999}), prompt(4, 12)));
            return Autograd.gradients(
                            List.of(y),
                            List.of(Tensor.randn(2, y.shape())),
                            List.copyOf(unet.parameters().values()))
                    .stream()
                    .map(Tensor::toFloats)
                    .toList();
        }
    }

    @Test
    @DisplayName("checkpointed blocks give the same gradients, with the adapter of the forward pass")
    void checkpointing() {
        try (UNet2DConditionModel unet = TinyModels.unet(1);
                LoraAdapter adapter = LoraAdapter.create(unet, new LoraConfig(2, 2), 5)) {
            int i = 0;
            for (Tensor p : adapter.parameters().values()) {
                p.assignInPlace(Tensor.randn(70 + i++, p.shape()).mul(0.1));
            }
            List<float[]> plain = gradients(unet, adapter);
            long before = Tensor.liveCount();
            unet.checkpointBlocks(true);
            List<float[]> checkpointed = gradients(unet, adapter);
            for (int k = 0; k < plain.size(); k++) {
                assertThat(ParityResult.relativeError(checkpointed.get(k), plain.get(k)))
                        .isLessThan(1e-5);
            }
            assertThat(Tensor.liveCount()).isEqualTo(before);
        }
    }

    @ParameterizedTest(name = "{0}, checkpointed {1}")
    @CsvSource({
        "to_q to_out.0, false",
        "to_q to_out.0, true",
        "attn1.to_k time_emb_proj, false",
        "to_v time_embedding.linear_1, false"
    })
    @DisplayName(
            "predictions begun once for several adapters are those of each adapter to the bit, as are their gradients")
    void begun(String targets, boolean checkpointed) {
        UNet2DConditionConfig plainFirst = config(
                """
                {"sample_size": 8, "block_out_channels": [32, 32], "layers_per_block": 1, "cross_attention_dim": 12, "attention_head_dim": 4,
                 "down_block_types": ["DownBlock2D", "CrossAttnDownBlock2D"], "up_block_types": ["CrossAttnUpBlock2D", "UpBlock2D"]}
                """);
        LoraConfig lora = new LoraConfig(2, 2, List.of(targets.split(" ")));
        Tensor noisy = Tensor.randn(2, 2, 4, 8, 8);
        Tensor timesteps = Tensor.of(new long[] {10, 900});
        Conditioning prompts = prompt(2, 12);
        try (UNet2DConditionModel unet =
                        new UNet2DConditionModel(plainFirst, Weights.random(3, ElementType.F32, Device.CPU), "random");
                LoraAdapter policy = LoraAdapter.create(unet, lora, 5);
                LoraAdapter reference = LoraAdapter.create(unet, lora, 6)) {
            for (LoraAdapter adapter : List.of(policy, reference)) {
                adapter.zeroAtStart()
                        .forEach(up -> up.assignInPlace(Tensor.randn(adapter == policy ? 7 : 8, up.shape())));
            }
            unet.checkpointBlocks(checkpointed);
            unet.use(reference);
            float[] ofReference = unet.predict(noisy, timesteps, prompts).toFloats();
            unet.use(policy);
            Tensor direct = Autograd.withGrad(() -> unet.predict(noisy, timesteps, prompts));
            List<float[]> gradients = gathered(direct, policy);

            Supplier<Tensor> begun = unet.begin(List.of(policy, reference), noisy, timesteps, prompts);
            unet.use(reference);
            assertThat(begun.get().toFloats()).containsExactly(ofReference);
            unet.use(policy);
            Tensor later = Autograd.withGrad(begun);
            assertThat(later.toFloats()).containsExactly(direct.toFloats()).isNotEqualTo(ofReference);
            assertThat(gathered(later, policy)).usingRecursiveComparison().isEqualTo(gradients);
        }
    }

    private static List<float[]> gathered(Tensor prediction, LoraAdapter adapter) {
        Autograd.clear(adapter.parameters().values());
        Autograd.backward(prediction, Tensor.randn(9, prediction.shape()));
        return adapter.parameters().values().stream()
                .map(leaf -> Autograd.gradient(leaf).toFloats())
                .toList();
    }

    @Test
    @DisplayName("a replica shares the weights, not the adapter, says the same bits, and outlives the first")
    void replica() {
        long before = Tensor.liveCount();
        UNet2DConditionModel unet = TinyModels.unet(1);
        try (UNet2DConditionModel second = unet.replica(Device.CPU);
                LoraAdapter adapter = LoraAdapter.create(unet, new LoraConfig(2, 2), 5);
                TensorScope scope = TensorScope.open()) {
            float[] plain = predict(unet).toFloats();
            for (Tensor up : adapter.zeroAtStart()) {
                up.assignInPlace(Tensor.randn(70, up.shape()).mul(0.1));
            }
            unet.use(adapter);
            assertThat(predict(second).toFloats()).isEqualTo(plain);
            assertThat(predict(unet).toFloats()).isNotEqualTo(plain);
            Tensor first = unet.parameters().values().iterator().next();
            first.assignInPlace(first.add(1));
            assertThat(second.parameters().values().iterator().next().toFloats())
                    .isEqualTo(first.toFloats());
            assertThat(second.digest()).isEqualTo(unet.digest());
            assertThat(second.parameters().keySet()).isEqualTo(unet.parameters().keySet());
            unet.close();
            assertThat(predict(second).isFinite()).isTrue();
        }
        assertThat(Tensor.liveCount()).isEqualTo(before);
    }

    private static List<float[]> gradients(UNet2DConditionModel unet, LoraAdapter adapter) {
        try (TensorScope step = TensorScope.open()) {
            adapter.parameters().values().forEach(Autograd::clear);
            unet.use(adapter);
            Tensor y = Autograd.withGrad(() -> predict(unet));
            unet.use(null);
            predict(unet);
            Autograd.backward(y, Tensor.randn(8, y.shape()));
            List<float[]> gradients = new ArrayList<>();
            adapter.parameters()
                    .values()
                    .forEach(p -> gradients.add(Autograd.gradient(p).toFloats()));
            return gradients;
        }
    }
}
