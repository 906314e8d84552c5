package dev.realalign.diffusion.lora;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.realalign.diffusion.ModelFormatException;
import dev.realalign.diffusion.TinyModels;
import dev.realalign.diffusion.denoiser.Conditioning;
import dev.realalign.diffusion.nn.Linear;
import dev.realalign.diffusion.parity.ParityResult;
import dev.realalign.diffusion.tensor.Autograd;
import dev.realalign.diffusion.tensor.ElementType;
import dev.realalign.diffusion.tensor.SafeTensors;
import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.diffusion.tensor.TensorScope;
import dev.realalign.diffusion.unet.UNet2DConditionModel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class LoraAdapterTest {
    private static final String FIRST = "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_k";

    @TempDir
    Path folder;

    private TensorScope scope;
    private UNet2DConditionModel unet;

    @BeforeEach
    void open() {
        scope = TensorScope.open();
        unet = TinyModels.unet(1);
    }

    @AfterEach
    void close() {
        unet.close();
        scope.close();
    }

    private float[] predict() {
        return prediction().toFloats();
    }

    private Tensor prediction() {
        return unet.predict(
                Tensor.randn(2, 2, 4, 8, 8),
                Tensor.of(new long[] {10, 900}),
                Conditioning.of(Tensor.randn(3, 2, 5, 12)));
    }

    private LoraAdapter trained(LoraConfig config) {
        LoraAdapter adapter = LoraAdapter.create(unet, config, 7);
        int i = 0;
        for (Tensor parameter : adapter.parameters().values()) {
            parameter.assignInPlace(Tensor.randn(100 + i++, parameter.shape()).mul(0.2));
        }
        return adapter;
    }

    @Test
    @DisplayName("a fresh adapter changes nothing, is a function of its seed, and is drawn as PEFT draws it")
    void fresh() {
        float[] base = predict();
        try (LoraAdapter a = LoraAdapter.create(unet, new LoraConfig(4, 4), 7);
                LoraAdapter b = LoraAdapter.create(unet, new LoraConfig(4, 4), 7);
                LoraAdapter c = LoraAdapter.create(unet, new LoraConfig(4, 4), 8)) {
            unet.use(a);
            assertThat(predict()).containsExactly(base);
            assertThat(a.parameters())
                    .hasSize(4 * 2 * 2 * 4); // 4 attentions of a block each, 2 kinds, 4 layers, A and B: see below
            assertThat(a.parameters().firstKey()).isEqualTo(FIRST + ".lora_A.weight");
            Tensor down = a.parameter(FIRST + ".lora_A.weight");
            assertThat(down.shape()).containsExactly(4, 16);
            assertThat(down.toFloats())
                    .containsExactly(b.parameter(FIRST + ".lora_A.weight").toFloats());
            assertThat(down.toFloats())
                    .isNotEqualTo(c.parameter(FIRST + ".lora_A.weight").toFloats());
            assertThat(down.abs().max().item()).isBetween(0.2, 0.25);
            assertThat(a.parameter(FIRST + ".lora_B.weight").toFloats()).containsOnly(0);
            unet.use(null);
        }
    }

    @Test
    @DisplayName("adapters are switched without copies, and the plain network is untouched between them")
    void switches() {
        float[] base = predict();
        try (LoraAdapter policy = trained(new LoraConfig(4, 8));
                LoraAdapter reference = policy.copy()) {
            unet.use(policy);
            float[] first = predict();
            assertThat(first).isNotEqualTo(base);
            unet.use(reference);
            assertThat(predict()).containsExactly(first);
            policy.parameters().values().forEach(p -> p.scaleInPlace(0.5));
            assertThat(predict()).containsExactly(first);
            unet.use(policy);
            assertThat(predict()).isNotEqualTo(first);
            policy.assign(reference);
            assertThat(predict()).containsExactly(first);
            unet.use(null);
            assertThat(predict()).containsExactly(base);
        }
    }

    @Test
    @DisplayName("gradients reach every matrix of the adapter in use and nothing else")
    void gradients() {
        try (LoraAdapter adapter = trained(new LoraConfig(2, 2))) {
            unet.use(adapter);
            Tensor y = Autograd.withGrad(this::prediction);
            Autograd.backward(y, Tensor.full(1, ElementType.F32, y.shape()));
            assertThat(adapter.parameters().values())
                    .allSatisfy(p ->
                            assertThat(Autograd.gradient(p).abs().max().item()).isPositive());
            assertThat(unet.parameters().values()).noneMatch(Autograd::hasGradient);
            Tensor p = adapter.parameter(FIRST + ".lora_B.weight");
            double analytic = Autograd.gradient(p).toFloats()[5];
            float[] values = p.toFloats();
            double[] sums = new double[2];
            for (int side = 0; side < 2; side++) {
                float[] moved = values.clone();
                moved[5] += side == 0 ? 0.05f : -0.05f;
                p.assignInPlace(Tensor.of(moved, p.shape()));
                sums[side] = prediction().to(ElementType.F64).sum().item();
            }
            assertThat((sums[0] - sums[1]) / 0.1).isCloseTo(analytic, within(0.02 * Math.abs(analytic) + 1e-3));
        }
    }

    @Test
    @DisplayName("merging gives the same pictures, taking out gives back the very same weights")
    void merges() {
        Map<String, float[]> before = new LinkedHashMap<>();
        unet.linears()
                .forEach((path, linear) -> before.put(path, linear.weight().toFloats()));
        try (LoraAdapter adapter = trained(new LoraConfig(4, 8))) {
            unet.use(adapter);
            float[] unmerged = predict();
            unet.use(null);
            try (LoraAdapter.Merged merged = adapter.mergeInto(unet)) {
                float[] together = predict();
                double error = ParityResult.relativeError(together, unmerged);
                assertThat(error).isLessThan(1e-6);
                Linear linear = Objects.requireNonNull(unet.linears().get(FIRST.substring("unet.".length())));
                assertThat(linear.weight().toFloats()).isNotEqualTo(before.get(FIRST.substring("unet.".length())));
            }
        }
        unet.linears().forEach((path, linear) -> assertThat(linear.weight().toFloats())
                .containsExactly(before.get(path)));
    }

    @ParameterizedTest(name = "{0}: saving folds alpha into B, and loading gives the same pictures")
    @EnumSource(LoraFormat.class)
    void roundTrip(LoraFormat format) {
        Path file = folder.resolve("lora.safetensors");
        float[] expected;
        try (LoraAdapter adapter = trained(new LoraConfig(4, 8))) {
            unet.use(adapter);
            expected = predict();
            LoraFiles.save(adapter, file, format, Map.of("modelspec.title", "test"));
            unet.use(null);
        }
        try (SafeTensors stored = SafeTensors.open(file);
                LoraAdapter loaded = LoraFiles.load(file, unet)) {
            assertThat(stored.metadata())
                    .containsEntry("ss_network_dim", "4")
                    .containsEntry("ss_network_alpha", "4")
                    .containsEntry("modelspec.title", "test")
                    .containsEntry("format", "pt");
            if (format == LoraFormat.KOHYA) {
                String name = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_out_0";
                assertThat(stored.entries())
                        .containsKeys(name + ".lora_down.weight", name + ".lora_up.weight", name + ".alpha");
                assertThat(stored.load(name + ".alpha").item()).isEqualTo(4);
                assertThat(Objects.requireNonNull(stored.entries().get(name + ".alpha"))
                                .lengths())
                        .isEmpty();
            } else {
                assertThat(stored.entries().keySet()).allMatch(name -> name.matches("unet\\..*\\.lora_[AB]\\.weight"));
            }
            assertThat(loaded.rank()).isEqualTo(4);
            assertThat(loaded.alpha()).isEqualTo(4);
            unet.use(loaded);
            assertThat(ParityResult.relativeError(predict(), expected)).isLessThan(1e-6);
            unet.use(null);
        }
    }

    @Test
    @DisplayName("an alpha in a foreign file is applied, layer by layer")
    void foreignAlpha() {
        Path file = folder.resolve("lora.safetensors");
        String a = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q";
        String b = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_k";
        SafeTensors.write(
                file,
                Map.of(
                        a + ".lora_down.weight",
                                Tensor.full(1, ElementType.F32, 2, 16).to(ElementType.F16),
                        a + ".lora_up.weight", Tensor.full(1, ElementType.F32, 16, 2),
                        a + ".alpha", Tensor.scalar(1),
                        b + ".lora_down.weight", Tensor.full(1, ElementType.F32, 2, 16),
                        b + ".lora_up.weight", Tensor.full(1, ElementType.F32, 16, 2)),
                Map.of());
        try (LoraAdapter loaded = LoraFiles.load(file, unet)) {
            loaded.layers().forEach((path, layer) -> {
                double strength = layer.scale() * layer.up().toFloats()[0];
                assertThat(strength).as(path).isEqualTo(path.endsWith("to_q") ? 0.5 : 1);
                assertThat(layer.down().type()).isEqualTo(ElementType.F32);
            });
        }
    }

    @Test
    @DisplayName("a file for another network names every tensor that does not fit")
    void foreignFile() {
        Path file = folder.resolve("lora.safetensors");
        SafeTensors.write(
                file,
                Map.of(
                        "transformer.transformer_blocks.0.attn.to_q.lora_A.weight",
                        Tensor.zeros(4, 8),
                        FIRST + ".lora_A.weight",
                        Tensor.zeros(4, 99),
                        FIRST + ".lora_B.weight",
                        Tensor.zeros(16, 4)),
                Map.of());
        assertThatThrownBy(() -> LoraFiles.load(file, unet))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining(
                        "transformer.transformer_blocks.0.attn.to_q.lora_A.weight belongs to no linear layer of this unet")
                .hasMessageContaining(FIRST + ".lora_A.weight has shape [4, 99], expected [4, 16]");
        SafeTensors.write(file, Map.of(), Map.of());
        assertThatThrownBy(() -> LoraFiles.load(file, unet)).hasMessageContaining("it holds no LoRA layers");
    }

    @Test
    @DisplayName("a PEFT file is read without its network to the same matrices, with the alpha that stands in it")
    void withoutNetwork() {
        Path file = folder.resolve("lora.safetensors");
        try (LoraAdapter adapter = trained(new LoraConfig(4, 8))) {
            Map<String, Tensor> tensors = new LinkedHashMap<>(adapter.parameters());
            adapter.layers().keySet().forEach(path -> tensors.put("unet." + path + ".alpha", Tensor.scalar(8)));
            SafeTensors.write(file, tensors, Map.of());
            try (LoraAdapter loaded = LoraFiles.load(file)) {
                assertThat(loaded.prefix()).isEqualTo("unet");
                assertThat(loaded.rank()).isEqualTo(4);
                assertThat(loaded.alpha()).isEqualTo(8);
                assertThat(loaded.parameters().keySet())
                        .isEqualTo(adapter.parameters().keySet());
                adapter.parameters()
                        .forEach((name, tensor) ->
                                assertThat(loaded.parameter(name).toFloats()).containsExactly(tensor.toFloats()));
            }
        }
    }

    @Test
    @DisplayName("without its network too, a file names what is no adapter of one network")
    void withoutNetworkUnusable() {
        Path file = folder.resolve("lora.safetensors");
        SafeTensors.write(
                file,
                Map.of(
                        "unet.to_q.lora_A.weight", Tensor.zeros(4, 8),
                        "unet.to_q.lora_B.weight", Tensor.zeros(8, 3),
                        "unet.to_k.lora_A.weight", Tensor.zeros(4, 8),
                        "unet.to_v.weight", Tensor.zeros(8, 8)),
                Map.of());
        assertThatThrownBy(() -> LoraFiles.load(file))
                .isInstanceOfSatisfying(ModelFormatException.class, e -> assertThat(e.problems())
                        .containsExactly(
                                "unet.to_k.lora_A.weight belongs to no linear layer of this unet",
                                "unet.to_v.weight belongs to no linear layer of this unet",
                                "unet.to_q.lora_B.weight has shape [8, 3], expected [8, 4]"));
        SafeTensors.write(
                file,
                Map.of(
                        "unet.to_q.lora_A.weight", Tensor.zeros(4, 8),
                        "text_encoder.q_proj.lora_A.weight", Tensor.zeros(4, 8)),
                Map.of());
        assertThatThrownBy(() -> LoraFiles.load(file))
                .hasMessageContaining("it holds adapters for several networks [text_encoder, unet]");
        SafeTensors.write(file, Map.of("weight", Tensor.zeros(1)), Map.of());
        assertThatThrownBy(() -> LoraFiles.load(file))
                .hasMessageContaining("weight belongs to no linear layer of this network");
    }

    @Test
    @DisplayName("averaging, norms and finiteness are over all matrices")
    void algebra() {
        try (LoraAdapter a = LoraAdapter.create(unet, new LoraConfig(1, 1, List.of("attn2.to_v")), 7);
                LoraAdapter b = a.copy()) {
            a.parameters().values().forEach(p -> p.assignInPlace(Tensor.full(1, ElementType.F32, p.shape())));
            b.parameters().values().forEach(p -> p.assignInPlace(Tensor.full(3, ElementType.F32, p.shape())));
            assertThat(a.norm()).isCloseTo(Math.sqrt(a.parameterCount()), within(1e-4));
            a.average(b, 0.75);
            assertThat(a.parameters().values())
                    .allSatisfy(p -> assertThat(p.toFloats()).containsOnly(1.5f));
            assertThat(a.isFinite()).isTrue();
            b.parameter(b.parameters().lastKey()).scaleInPlace(Double.NaN);
            assertThat(b.isFinite()).isFalse();
            try (LoraAdapter other = LoraAdapter.create(unet, new LoraConfig(2, 2, List.of("attn2.to_v")), 7)) {
                assertThatThrownBy(() -> a.assign(other)).hasMessageContaining("cannot be combined");
            }
        }
    }

    @Test
    @DisplayName("the base may be bfloat16, the adapter stays float32")
    void bf16Base() {
        try (UNet2DConditionModel half = TinyModels.unet(1, ElementType.BF16);
                LoraAdapter adapter = LoraAdapter.create(half, new LoraConfig(2, 2), 1)) {
            half.use(adapter);
            Tensor y = Autograd.withGrad(() -> half.predict(
                    Tensor.randn(2, 1, 4, 8, 8),
                    Tensor.of(new long[] {10}),
                    Conditioning.of(Tensor.randn(3, 1, 5, 12))));
            assertThat(y.type()).isEqualTo(ElementType.F32);
            Autograd.backward(y, Tensor.full(1, ElementType.F32, y.shape()));
            Tensor up = adapter.parameter(FIRST + ".lora_B.weight");
            assertThat(up.type()).isEqualTo(ElementType.F32);
            assertThat(Autograd.gradient(up).type()).isEqualTo(ElementType.F32);
            assertThat(Autograd.gradient(up).abs().max().item()).isPositive();
        }
    }

    @Test
    @DisplayName("nonsense is refused with a reason")
    void refusals() {
        assertThatThrownBy(() -> new LoraConfig(0, 1)).hasMessage("the LoRA rank must be at least 1, not 0");
        assertThatThrownBy(() -> new LoraConfig(1, 0)).hasMessage("the LoRA alpha must be a positive number, not 0.0");
        assertThatThrownBy(() -> new LoraConfig(1, 1, List.of())).hasMessage("a LoRA needs at least one target layer");
        assertThatThrownBy(() -> LoraAdapter.create(unet, new LoraConfig(1, 1, List.of("nothing")), 1))
                .hasMessage("no layer of the unet matches the LoRA targets [nothing]");
        assertThat(Files.exists(folder)).isTrue();
    }

    @Test
    @DisplayName("adapters leave no native array behind")
    void noLeak() {
        long before = Tensor.liveCount();
        for (int i = 0; i < 3; i++) {
            try (LoraAdapter a = trained(new LoraConfig(2, 2));
                    LoraAdapter b = a.copy();
                    TensorScope step = TensorScope.open()) {
                LoraFiles.save(a, folder.resolve("x.safetensors"), LoraFormat.KOHYA, Map.of());
                try (LoraAdapter c = LoraFiles.load(folder.resolve("x.safetensors"), unet);
                        LoraAdapter.Merged merged = c.mergeInto(unet)) {
                    a.average(b, 0.5);
                    predict();
                }
            }
        }
        scope.close();
        scope = TensorScope.open();
        assertThat(Tensor.liveCount()).isLessThanOrEqualTo(before);
    }
}
