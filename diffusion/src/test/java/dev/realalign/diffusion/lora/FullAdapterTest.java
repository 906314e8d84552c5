package dev.realalign.diffusion.lora;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.realalign.diffusion.ModelFormatException;
import dev.realalign.diffusion.TinyModels;
import dev.realalign.diffusion.denoiser.Conditioning;
import dev.realalign.diffusion.tensor.Autograd;
import dev.realalign.diffusion.tensor.Device;
import dev.realalign.diffusion.tensor.ElementType;
import dev.realalign.diffusion.tensor.SafeTensors;
import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.diffusion.tensor.TensorScope;
import dev.realalign.diffusion.unet.UNet2DConditionModel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class FullAdapterTest {
    private static final String BLOCK = "unet.down_blocks.0.attentions.0.transformer_blocks.0.";

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

    private static Tensor prediction(UNet2DConditionModel network) {
        return network.predict(
                Tensor.randn(2, 2, 4, 8, 8),
                Tensor.of(new long[] {10, 900}),
                Conditioning.of(Tensor.randn(3, 2, 5, 12)));
    }

    private float[] predict() {
        return prediction(unet).toFloats();
    }

    private FullAdapter trained(FullConfig config) {
        FullAdapter adapter = config.create(unet, 0);
        int i = 0;
        for (Tensor parameter : adapter.parameters().values()) {
            parameter.assignInPlace(Tensor.randn(100 + i++, parameter.shape()).mul(0.05));
        }
        return adapter;
    }

    @Test
    @DisplayName("a fresh difference to everything changes no bit of a prediction")
    void fresh() {
        float[] base = predict();
        try (FullAdapter adapter = new FullConfig().create(unet, 0)) {
            assertThat(adapter.parameters()).hasSameSizeAs(unet.parameters());
            assertThat(adapter.parameterCount())
                    .isEqualTo(unet.parameters().values().stream()
                            .mapToLong(Tensor::count)
                            .sum());
            assertThat(adapter.parameters())
                    .containsKeys("unet.conv_in.diff", "unet.conv_in.diff_b", BLOCK + "norm1.diff_b");
            assertThat(adapter.parameter("unet.conv_in.diff").shape()).containsExactly(16, 4, 3, 3);
            assertThat(adapter.norm()).isZero();
            unet.use(adapter);
            assertThat(predict()).containsExactly(base);
            unet.use(null);
        }
    }

    @Test
    @DisplayName("targets choose layers by the end of their path, weight and bias together")
    void targets() {
        try (FullAdapter adapter = new FullConfig(List.of("attn1.to_out.0", "conv_in")).create(unet, 0)) {
            assertThat(adapter.paths())
                    .hasSize(4 + 1)
                    .contains("conv_in")
                    .allMatch(path -> path.equals("conv_in") || path.endsWith(".attn1.to_out.0"));
            assertThat(adapter.parameters())
                    .containsKeys(BLOCK + "attn1.to_out.0.diff", BLOCK + "attn1.to_out.0.diff_b");
            assertThat(adapter.matrix(BLOCK.substring("unet.".length()) + "attn1.to_out.0"))
                    .contains(new long[] {16, 16});
            assertThat(adapter.matrix("conv_in")).as("a kernel is no matrix").isEmpty();
        }
        assertThat(new FullConfig(List.of("norm1", "nothing", "conv_in")).unmatched(unet))
                .containsExactly("nothing");
        assertThat(new FullConfig().unmatched(unet)).isEmpty();
        assertThatThrownBy(() -> new FullConfig(List.of("nothing")).create(unet, 0))
                .hasMessage("no layer of the unet matches the targets [nothing]");
        assertThatThrownBy(() -> new FullConfig(List.of()))
                .hasMessage("a full difference needs at least one target layer, or all");
    }

    @ParameterizedTest(name = "the gradient of {0} is the difference quotient")
    @ValueSource(
            strings = {
                "unet.conv_in.diff", // convolution
                "unet.conv_out.diff_b", // its bias
                "unet.up_blocks.0.upsamplers.0.conv.diff", // convolution taken together with upsampling
                "unet.down_blocks.0.downsamplers.0.conv.diff", // of stride 2
                "unet.down_blocks.0.attentions.0.proj_in.diff", // a 1x1 convolution applied to tokens
                "unet.time_embedding.linear_1.diff", // linear
                BLOCK + "attn2.to_out.0.diff_b", // its bias
                "unet.down_blocks.0.resnets.0.norm1.diff", // group norm
                BLOCK + "norm2.diff", // layer norm
                BLOCK + "norm3.diff_b"
            })
    void gradients(String name) {
        try (FullAdapter adapter = trained(new FullConfig())) {
            unet.use(adapter);
            Tensor y = Autograd.withGrad(() -> prediction(unet));
            Tensor direction = Tensor.randn(9, y.shape());
            Autograd.backward(y, direction);
            Tensor parameter = adapter.parameter(name);
            float[] gradient = Autograd.gradient(parameter).toFloats();
            int at = 0;
            for (int i = 1; i < gradient.length; i++) {
                at = Math.abs(gradient[i]) > Math.abs(gradient[at]) ? i : at;
            }
            float[] values = parameter.toFloats();
            double[] sums = new double[2];
            for (int side = 0; side < 2; side++) {
                float[] moved = values.clone();
                moved[at] += side == 0 ? 0.01f : -0.01f;
                parameter.assignInPlace(Tensor.of(moved, parameter.shape()));
                sums[side] = prediction(unet)
                        .to(ElementType.F64)
                        .mul(direction.to(ElementType.F64))
                        .sum()
                        .item();
            }
            assertThat((sums[0] - sums[1]) / 0.02).isCloseTo(gradient[at], within(0.02 * Math.abs(gradient[at])));
            unet.use(null);
        }
    }

    @Test
    @DisplayName(
            "a gradient reaches every difference and no weight of the base, and none is lost where blocks are computed again")
    void checkpointed() {
        try (FullAdapter policy = trained(new FullConfig());
                FullAdapter other = policy.copy()) {
            List<float[]> plain = gradients(policy, other);
            assertThat(plain).allSatisfy(gradient -> assertThat(
                            Tensor.of(gradient, gradient.length).abs().max().item())
                    .isPositive());
            assertThat(unet.parameters().values()).noneMatch(Autograd::hasGradient);
            unet.checkpointBlocks(true);
            List<float[]> again = gradients(policy, other);
            assertThat(other.parameters().values()).noneMatch(Autograd::hasGradient);
            for (int i = 0; i < plain.size(); i++) {
                assertThat(again.get(i)).containsExactly(plain.get(i), within(1e-4f));
            }
        }
    }

    @ParameterizedTest(name = "{0}: predictions that begin together are those that were made apart, to the bit")
    @ValueSource(
            strings = {
                "all",
                "conv_in",
                "linear_1",
                "time_emb_proj",
                "norm1",
                "downsamplers.0.conv",
                "mid_block.resnets.0.conv1"
            })
    void begunTogether(String target) {
        Tensor noisy = Tensor.randn(2, 2, 4, 8, 8);
        Tensor timesteps = Tensor.of(new long[] {10, 900});
        Conditioning prompts = Conditioning.of(Tensor.randn(3, 2, 5, 12));
        try (FullAdapter policy = trained(new FullConfig(List.of(target)));
                FullAdapter reference = new FullConfig(List.of(target)).create(unet, 0)) {
            unet.use(policy);
            Tensor direct = Autograd.withGrad(() -> unet.predict(noisy, timesteps, prompts));
            float[] apart = direct.toFloats();
            List<float[]> gradients = gathered(direct, policy);
            unet.use(reference);
            float[] ofReference = unet.predict(noisy, timesteps, prompts).toFloats();

            Supplier<Tensor> begun = unet.begin(List.of(policy, reference), noisy, timesteps, prompts);
            assertThat(begun.get().toFloats()).containsExactly(ofReference).isNotEqualTo(apart);
            unet.use(policy);
            Tensor later = Autograd.withGrad(begun);
            assertThat(later.toFloats()).containsExactly(apart);
            assertThat(gathered(later, policy)).usingRecursiveComparison().isEqualTo(gradients);
            unet.use(null);
        }
    }

    private static List<float[]> gathered(Tensor prediction, FullAdapter policy) {
        Autograd.clear(policy.parameters().values());
        Autograd.backward(prediction, Tensor.randn(5, prediction.shape()));
        return policy.parameters().values().stream()
                .map(leaf -> Autograd.gradient(leaf).toFloats())
                .toList();
    }

    /** Of the policy's prediction, another adapter being in use when the backward pass comes. */
    private List<float[]> gradients(FullAdapter policy, FullAdapter other) {
        Autograd.clear(policy.parameters().values());
        unet.use(policy);
        Tensor y = Autograd.withGrad(() -> prediction(unet));
        unet.use(other);
        System.gc(); // what the recording needs must not hang on Java objects
        Autograd.backward(y, Tensor.randn(5, y.shape()));
        unet.use(null);
        List<float[]> gradients = new ArrayList<>();
        policy.parameters()
                .values()
                .forEach(leaf -> gradients.add(Autograd.gradient(leaf).toFloats()));
        return gradients;
    }

    @Test
    @DisplayName("merged weights give the very same prediction, and taking them out gives back the base")
    void merges() {
        float[] base = predict();
        Map<String, float[]> before = new LinkedHashMap<>();
        unet.trainable()
                .forEach((name, parameter) -> before.put(name, parameter.value().toFloats()));
        try (FullAdapter adapter = trained(new FullConfig())) {
            unet.use(adapter);
            float[] unmerged = predict();
            assertThat(unmerged).isNotEqualTo(base);
            unet.use(null);
            try (Adapter.Merged merged = adapter.mergeInto(unet)) {
                assertThat(predict()).containsExactly(unmerged);
            }
            assertThat(predict()).containsExactly(base);
        }
        unet.trainable()
                .forEach((name, parameter) ->
                        assertThat(parameter.value().toFloats()).containsExactly(before.get(name)));
    }

    @ParameterizedTest(name = "{0}: what is written is read back to the bit")
    @EnumSource(LoraFormat.class)
    void roundTrip(LoraFormat format) {
        Path file = folder.resolve("full.safetensors");
        try (FullAdapter adapter = trained(new FullConfig(List.of("conv_in", "norm1", "to_k")))) {
            AdapterFiles.save(adapter, file, format, Map.of("modelspec.title", "test"));
            try (SafeTensors stored = SafeTensors.open(file);
                    Adapter loaded = AdapterFiles.load(file, unet)) {
                assertThat(stored.metadata())
                        .containsOnly(Map.entry("format", "pt"), Map.entry("modelspec.title", "test"));
                assertThat(stored.entries())
                        .containsKeys(
                                format == LoraFormat.KOHYA
                                        ? "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_norm1.diff_b"
                                        : BLOCK + "norm1.diff_b");
                assertSame(adapter, loaded);
            }
            if (format == LoraFormat.PEFT) {
                try (Adapter loaded = AdapterFiles.load(file)) {
                    assertSame(adapter, loaded);
                }
            }
        }
    }

    private static void assertSame(Adapter expected, Adapter found) {
        assertThat(found.parameters().keySet()).isEqualTo(expected.parameters().keySet());
        expected.parameters()
                .forEach((name, tensor) ->
                        assertThat(found.parameter(name).toFloats()).containsExactly(tensor.toFloats()));
    }

    @Test
    @DisplayName("a damaged file names everything that is wrong with it, with and without the network")
    void damaged() {
        Path file = folder.resolve("full.safetensors");
        SafeTensors.write(
                file,
                Map.of(
                        "unet.conv_in.diff",
                        Tensor.zeros(16, 4, 3, 3),
                        "unet.conv_in.diff_b",
                        Tensor.zeros(15),
                        "unet.conv_out.diff_b",
                        Tensor.zeros(4),
                        "unet.mid.extra.diff",
                        Tensor.zeros(4),
                        BLOCK + "attn1.to_q.lora_A.weight",
                        Tensor.zeros(4, 16)),
                Map.of());
        assertThatThrownBy(() -> AdapterFiles.load(file, unet))
                .isInstanceOfSatisfying(ModelFormatException.class, e -> assertThat(e.problems())
                        .containsExactly(
                                "unet.conv_in.diff_b has shape [15], expected [16]",
                                BLOCK + "attn1.to_q.lora_A.weight is a difference to nothing in this unet",
                                "unet.mid.extra.diff is a difference to nothing in this unet"));
        assertThatThrownBy(() -> AdapterFiles.load(file))
                .isInstanceOfSatisfying(ModelFormatException.class, e -> assertThat(e.problems())
                        .containsExactly(
                                "unet.conv_in.diff_b has shape [15], expected [16]",
                                "unet.conv_out.diff_b stands without unet.conv_out.diff",
                                BLOCK + "attn1.to_q.lora_A.weight is no full difference of a layer"));
        SafeTensors.write(
                file, Map.of("unet.a.diff", Tensor.zeros(1), "transformer.a.diff", Tensor.zeros(1)), Map.of());
        assertThatThrownBy(() -> AdapterFiles.load(file))
                .hasMessageContaining("it holds adapters for several networks [transformer, unet]");
    }

    @Test
    @DisplayName("kinds do not mix, and a difference of another network is refused by every parameter")
    void misfits() {
        try (FullAdapter full = new FullConfig(List.of("to_q")).create(unet, 0);
                LoraAdapter lora = LoraAdapter.create(unet, new LoraConfig(2, 2, List.of("to_q")), 1)) {
            assertThatThrownBy(() -> full.assign(lora))
                    .hasMessage("adapters of different kind, layers, rank or alpha cannot be combined: full"
                            + " difference(unet, 8 tensors) and LoRA(unet, rank 2, alpha 2.0, 8 layers)");
        }
        Path file = folder.resolve("foreign.safetensors");
        SafeTensors.write(
                file,
                Map.of("unet.conv_in.diff", Tensor.zeros(8, 4, 3, 3), "unet.other.diff", Tensor.zeros(2)),
                Map.of());
        try (Adapter foreign = AdapterFiles.load(file)) {
            assertThatThrownBy(() -> unet.use(foreign))
                    .hasMessage("the adapter does not fit: conv_in.weight is [16, 4, 3, 3] in the network, [8, 4, 3, 3]"
                            + " in the adapter; the network has no other.weight");
        }
    }

    @Test
    @DisplayName("averages, copies and norms go over all differences")
    void algebra() {
        try (FullAdapter a = new FullConfig(List.of("norm1")).create(unet, 0);
                FullAdapter b = a.copyTo(Device.CPU)) {
            b.parameters().values().forEach(p -> p.assignInPlace(Tensor.full(2, ElementType.F32, p.shape())));
            assertThat(a.norm()).as("a copy has memory of its own").isZero();
            assertThat(b.norm()).isCloseTo(2 * Math.sqrt(b.parameterCount()), within(1e-4));
            a.average(b, 0.75);
            assertThat(a.parameters().values())
                    .allSatisfy(p -> assertThat(p.toFloats()).containsOnly(0.5f));
            assertThat(a.zeroAtStart()).hasSameSizeAs(a.parameters().values());
        }
    }

    @Test
    @DisplayName("the base may be bfloat16, differences and their gradients stay float32")
    void bf16Base() {
        try (UNet2DConditionModel half = TinyModels.unet(1, ElementType.BF16);
                FullAdapter adapter = new FullConfig().create(half, 0)) {
            float[] base = prediction(half).toFloats();
            half.use(adapter);
            Tensor y = Autograd.withGrad(() -> prediction(half));
            assertThat(y.toFloats()).containsExactly(base);
            Autograd.backward(y, Tensor.full(1, ElementType.F32, y.shape()));
            Tensor difference = adapter.parameter("unet.conv_in.diff");
            assertThat(difference.type()).isEqualTo(ElementType.F32);
            assertThat(Autograd.gradient(difference).type()).isEqualTo(ElementType.F32);
            assertThat(Autograd.gradient(difference).abs().max().item()).isPositive();
        }
    }

    @Test
    @DisplayName("full differences leave no native array behind")
    void noLeak() {
        long before = Tensor.liveCount();
        for (int i = 0; i < 2; i++) {
            try (FullAdapter a = trained(new FullConfig());
                    FullAdapter b = a.copy();
                    TensorScope step = TensorScope.open()) {
                AdapterFiles.save(a, folder.resolve("x.safetensors"), LoraFormat.KOHYA, Map.of());
                try (Adapter c = AdapterFiles.load(folder.resolve("x.safetensors"), unet);
                        Adapter.Merged merged = c.mergeInto(unet)) {
                    a.average(b, 0.5);
                    gradients(a, b);
                }
            }
        }
        scope.close();
        scope = TensorScope.open();
        assertThat(Tensor.liveCount()).isLessThanOrEqualTo(before);
    }
}
