package dev.realalign.diffusion.t5;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.realalign.diffusion.JsonConfig;
import dev.realalign.diffusion.ModelFormatException;
import dev.realalign.diffusion.nn.Activation;
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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class T5EncoderTest {

    private static final String SMALL =
            """
            {"vocab_size": 11, "d_model": 6, "d_kv": 4, "d_ff": 10, "num_layers": 2, "num_heads": 2,
             "feed_forward_proj": "%s"}
            """;

    private final Path folder;

    T5EncoderTest(@TempDir Path folder) {
        this.folder = folder;
    }

    private static T5Config config(String projection) {
        return JsonConfig.parse("config.json", SMALL.formatted(projection), T5Config::from);
    }

    private static T5Encoder random(String projection) {
        return new T5Encoder(config(projection), Weights.random(3, ElementType.F32, Device.CPU));
    }

    @ParameterizedTest(name = "key - query = {0}")
    @CsvSource({
        "0, 0",
        "-1, 1",
        "1, 17",
        "-7, 7",
        "7, 23",
        "-8, 8",
        "-11, 8",
        "-12, 9",
        "16, 26",
        "-16, 10",
        "-22, 10",
        "-23, 11",
        "31, 27",
        "-32, 12",
        "-45, 12",
        "-46, 13",
        "-64, 14",
        "-90, 14",
        "-91, 15",
        "-128, 15",
        "500, 31"
    })
    void relative_positions_share_buckets_as_published(int relative, int bucket) {
        assertThat(T5Encoder.bucket(relative, 32, 128)).isEqualTo(bucket);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"shared.weight", "encoder.embed_tokens.weight", "shared.weight and encoder.embed_tokens.weight"})
    void the_embedding_is_found_under_either_name(String names) throws IOException {
        try (T5Encoder encoder = random("gated-gelu");
                TensorScope scope = TensorScope.open()) {
            Map<String, Tensor> tensors = new TreeMap<>(encoder.network().tensors());
            Tensor embedding = Objects.requireNonNull(tensors.remove("shared.weight"));
            for (String name : names.split(" and ")) {
                tensors.put(name, embedding);
            }
            Files.writeString(folder.resolve("config.json"), SMALL.formatted("gated-gelu"));
            SafeTensors.write(folder.resolve("model.safetensors"), tensors, Map.of());
            try (T5Encoder loaded = T5Encoder.load(folder, null, ElementType.F32, Device.CPU)) {
                Tensor ids = Tensor.of(new long[] {1, 10, 4, 0}, 2, 2);
                assertThat(loaded.encode(ids).shape()).containsExactly(2, 2, 6);
                assertThat(loaded.encode(ids).toFloats())
                        .containsExactly(encoder.encode(ids).toFloats());
            }
            tensors.keySet().removeIf(name -> name.contains("embed_tokens") || name.startsWith("shared"));
            SafeTensors.write(folder.resolve("model.safetensors"), tensors, Map.of());
            assertThatThrownBy(() -> T5Encoder.load(folder, null, ElementType.F32, Device.CPU))
                    .isInstanceOf(ModelFormatException.class)
                    .hasMessageContaining("shared.weight is missing; expected shape [11, 6]");
        }
    }

    @Test
    void the_feed_forward_layer_is_gated_or_not_as_configured() {
        assertThat(config("gated-gelu").activation()).isEqualTo(Activation.GELU_TANH);
        assertThat(config("relu").gated()).isFalse();
        assertThat(config("gated-silu").activation()).isEqualTo(Activation.SILU);
        try (T5Encoder plain = random("relu")) {
            assertThat(plain.network().tensors())
                    .containsKey("encoder.block.1.layer.1.DenseReluDense.wi.weight")
                    .doesNotContainKey("encoder.block.1.layer.1.DenseReluDense.wi_0.weight");
        }
        assertThatThrownBy(() -> config("gated-mish")).hasMessageContaining("the activation \"mish\" is unknown");
    }

    @Test
    void an_id_outside_the_vocabulary_is_named() {
        try (T5Encoder encoder = random("gated-gelu");
                TensorScope scope = TensorScope.open()) {
            assertThatThrownBy(() -> encoder.encode(Tensor.of(new long[] {3, 11}, 1, 2)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("token id 11 is outside the text encoder's vocabulary of 11");
        }
    }

    @Test
    void the_published_xxl_encoder_has_its_published_size() {
        T5Config xxl = JsonConfig.parse(
                "config.json",
                """
                {"vocab_size": 32128, "d_model": 4096, "d_kv": 64, "d_ff": 10240, "num_layers": 24, "num_heads": 64,
                 "feed_forward_proj": "gated-gelu"}
                """,
                T5Config::from);
        try (T5Encoder encoder = new T5Encoder(xxl, Weights.zeros())) {
            assertThat(encoder.network().parameterCount()).isEqualTo(4_762_310_656L);
            assertThat(encoder.network().tensors()).hasSize(219);
        }
    }
}
