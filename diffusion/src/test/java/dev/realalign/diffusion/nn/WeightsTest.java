package dev.realalign.diffusion.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.realalign.diffusion.ModelFormatException;
import dev.realalign.diffusion.tensor.Device;
import dev.realalign.diffusion.tensor.ElementType;
import dev.realalign.diffusion.tensor.SafeTensors;
import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.diffusion.tensor.TensorScope;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WeightsTest {
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

    private static void write(Path file, Map<String, Tensor> tensors) {
        SafeTensors.write(file, tensors, Map.of());
    }

    @Test
    @DisplayName(
            "missing, misshapen and unexpected tensors are listed together with the file's name, and nothing stays loaded")
    void listsEverything() {
        Path file = folder.resolve("model.safetensors");
        write(
                file,
                Map.of(
                        "a.weight",
                        Tensor.zeros(3, 2),
                        "a.bias",
                        Tensor.zeros(3),
                        "b.bias",
                        Tensor.zeros(4),
                        "c",
                        Tensor.zeros(1),
                        "position_ids",
                        Tensor.zeros(1)));
        long before = Tensor.liveCount();
        try (WeightFiles files = WeightFiles.open(file)) {
            Weights weights = Weights.of(files);
            weights.tolerate("position_ids");
            Linear.of(weights.at("a"), 2, 3);
            Linear.of(weights.at("b"), 3, 5);
            assertThatThrownBy(weights::finish)
                    .isInstanceOf(ModelFormatException.class)
                    .hasMessage(file + " cannot be used: \n  - b.weight is missing; expected shape [5, 3]"
                            + "\n  - b.bias has shape [4], expected [5]\n  - c is not part of this network");
        }
        assertThat(Tensor.liveCount()).isEqualTo(before);
    }

    @Test
    @DisplayName("a matrix stored as a 1x1 convolution is accepted where the layer says so, in any stored precision")
    void convolutionForMatrix() {
        Path file = folder.resolve("model.safetensors");
        write(
                file,
                Map.of(
                        "q.weight",
                        Tensor.of(new float[] {1, 2, 3, 4, 5, 6}, 3, 2, 1, 1).to(ElementType.F16),
                        "q.bias",
                        Tensor.zeros(3)));
        try (WeightFiles files = WeightFiles.open(file)) {
            Weights weights = Weights.of(files);
            Linear linear = Linear.orConvolution(weights.at("q"), 2, 3);
            try (Network network = new Network(weights)) {
                assertThat(linear.forward(Tensor.of(new float[] {1, 1}, 1, 2)).toFloats())
                        .containsExactly(3, 7, 11);
                assertThat(network.tensors().keySet()).containsExactly("q.weight", "q.bias");
                assertThat(network.linears().keySet()).containsExactly("q");
                assertThat(network.parameterCount()).isEqualTo(9);
            }
        }
    }

    @Test
    @DisplayName("weights are converted to the type the network computes in")
    void computeType() {
        Path file = folder.resolve("model.safetensors");
        write(file, Map.of("weight", Tensor.of(new float[] {1.00390625f})));
        try (WeightFiles files = WeightFiles.open(file)) {
            Weights weights = Weights.of(files, ElementType.BF16, Device.CPU);
            Tensor loaded = weights.tensor("weight", 1);
            assertThat(loaded.type()).isEqualTo(ElementType.BF16);
            assertThat(loaded.toFloats()).containsExactly(1);
        }
    }

    @Test
    @DisplayName(
            "variants, shards and the only file there are found; the plain file is preferred unless another is asked for")
    void finds() throws IOException {
        write(folder.resolve("model.fp16.safetensors"), Map.of("x", Tensor.scalar(16)));
        assertThat(value(null)).isEqualTo(16);
        assertThat(value("fp16")).isEqualTo(16);
        write(folder.resolve("shard-1.safetensors"), Map.of("x", Tensor.scalar(1)));
        write(folder.resolve("shard-2.safetensors"), Map.of("y", Tensor.scalar(2)));
        Files.writeString(
                folder.resolve("model.safetensors.index.json"),
                "{\"metadata\": {}, \"weight_map\": {\"x\": \"shard-1.safetensors\", \"y\": \"shard-2.safetensors\"}}");
        assertThat(value(null)).isEqualTo(1);
        try (WeightFiles files = WeightFiles.find(folder, "model", null)) {
            assertThat(files.tensors()).containsExactly("x", "y");
            assertThat(files.load("y", ElementType.F32).item()).isEqualTo(2);
            assertThat(files.paths()).hasSize(2);
        }
        write(folder.resolve("model.safetensors"), Map.of("x", Tensor.scalar(32)));
        assertThat(value(null)).isEqualTo(32);
        assertThat(value("fp16")).isEqualTo(16);
        assertThat(value("bf16")).isEqualTo(32);
    }

    private double value(@Nullable String variant) {
        try (WeightFiles files = WeightFiles.find(folder, "model", variant)) {
            return files.load("x", ElementType.F32).item();
        }
    }

    @Test
    @DisplayName("an index that names missing shards, missing tensors or files elsewhere is refused with all of it")
    void badIndex() throws IOException {
        write(folder.resolve("shard-1.safetensors"), Map.of("x", Tensor.scalar(1)));
        Path index = folder.resolve("model.safetensors.index.json");
        Files.writeString(
                index,
                "{\"weight_map\": {\"x\": \"../etc/x.safetensors\", \"y\": \"shard-2.safetensors\", \"z\": \"shard-1.safetensors\"}}");
        assertThatThrownBy(() -> WeightFiles.find(folder, "model", null))
                .hasMessageContaining(
                        "shard '../etc/x.safetensors' is not the name of a safetensors file beside the index")
                .hasMessageContaining("shard-2.safetensors cannot be used: the file does not exist");
        Files.writeString(index, "{\"weight_map\": {\"z\": \"shard-1.safetensors\"}}");
        assertThatThrownBy(() -> WeightFiles.find(folder, "model", null))
                .hasMessageContaining("shard-1.safetensors lacks z");
        Files.writeString(index, "{}");
        assertThatThrownBy(() -> WeightFiles.find(folder, "model", null))
                .hasMessageContaining("\"weight_map\" must be an object");
    }

    @Test
    @DisplayName("nothing there, only a pickle there, no folder there: each says what to do")
    void missing() throws IOException {
        assertThatThrownBy(() -> WeightFiles.find(folder, "model", null))
                .hasMessage(
                        folder + " cannot be used: it holds no model.safetensors and no model.safetensors.index.json");
        Files.createFile(folder.resolve("pytorch_model.bin"));
        assertThatThrownBy(() -> WeightFiles.find(folder, "model", null))
                .hasMessageContaining("it holds pytorch_model.bin but no model.safetensors; pickle files can run code")
                .hasMessageContaining("safe_serialization=True");
        Path none = folder.resolve("none");
        assertThatThrownBy(() -> WeightFiles.find(none, "model", null))
                .hasMessage(none + " cannot be used: the folder does not exist");
    }

    @Test
    @DisplayName("random weights are a function of seed and name; zero weights of any size take no memory")
    void madeUp() {
        Weights first = Weights.random(1, ElementType.F32, Device.CPU);
        Weights again = Weights.random(1, ElementType.F32, Device.CPU);
        first.tensor("other", 3, 3);
        assertThat(first.tensor("w", 2, 9).toFloats())
                .containsExactly(again.tensor("w", 2, 9).toFloats());
        assertThat(first.tensor("w", 200, 9).abs().max().item()).isBetween(0.32, 1 / 3.0);
        assertThat(first.tensor("norm.weight", 2).toFloats()).containsOnly(1);
        assertThat(first.tensor("bias", 2).toFloats()).containsOnly(0);
        assertThat(Weights.zeros().tensor("w", 1 << 20, 1 << 20).count()).isEqualTo(1L << 40);
        assertThat(first.has("w")).isFalse();
    }

    @Test
    @DisplayName("activations are known by their published names")
    void activations() {
        assertThat(Activation.of("swish")).isEqualTo(Activation.SILU);
        assertThatThrownBy(() -> Activation.of("tanhshrink"))
                .hasMessage(
                        "the activation \"tanhshrink\" is unknown; known are silu, swish, gelu, gelu_new, gelu_pytorch_tanh, quick_gelu, relu");
        Tensor x = Tensor.of(new float[] {1});
        assertThat(Activation.SILU.apply(x).item()).isEqualTo((float) (1 / (1 + Math.exp(-1))));
        assertThat(Activation.QUICK_GELU.apply(x).item()).isEqualTo((float) (1 / (1 + Math.exp(-1.702))));
        assertThat(Activation.GELU.apply(x).item()).isEqualTo(0.8413447141647339, within(1e-7));
        assertThat(Activation.GELU_TANH.apply(x).item()).isEqualTo(0.8411919906082768, within(1e-7));
        assertThat(Activation.RELU.apply(x.neg()).item()).isZero();
    }
}
