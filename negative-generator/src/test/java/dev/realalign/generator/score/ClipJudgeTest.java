package dev.realalign.generator.score;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.realalign.diffusion.ModelFormatException;
import dev.realalign.diffusion.clip.ClipModel;
import dev.realalign.diffusion.tensor.Device;
import dev.realalign.diffusion.tensor.ElementType;
import dev.realalign.diffusion.tensor.SafeTensors;
import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.diffusion.tensor.TensorScope;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.SortedMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** With a CLIP model of random weights: what the judge makes of its vectors. */
class ClipJudgeTest {
    private static final int D = 8;

    @TempDir
    Path folder;

    private final BufferedImage real = picture(1);
    private final BufferedImage negative = picture(2);

    @BeforeEach
    void model() throws IOException {
        Path tokenizer = Path.of(System.getProperty("realalign.home"), "models", "tiny-photo", "tokenizer");
        for (String file : List.of("vocab.json", "merges.txt", "tokenizer_config.json")) {
            Files.copy(tokenizer.resolve(file), folder.resolve(file));
        }
        Map<String, Tensor> weights = new HashMap<>();
        try (TensorScope scope = TensorScope.open()) {
            for (String tower : List.of("vision_model.", "text_model.")) {
                String layer = tower + "encoder.layers.0.";
                for (String norm : List.of(layer + "layer_norm1", layer + "layer_norm2")) {
                    linear(weights, norm, D);
                }
                for (String linear : List.of("q_proj", "k_proj", "v_proj", "out_proj")) {
                    linear(weights, layer + "self_attn." + linear, D, D);
                }
                linear(weights, layer + "mlp.fc1", D, D);
                linear(weights, layer + "mlp.fc2", D, D);
            }
            linear(weights, "vision_model.pre_layrnorm", D);
            linear(weights, "vision_model.post_layernorm", D);
            linear(weights, "text_model.final_layer_norm", D);
            weight(weights, "vision_model.embeddings.class_embedding", D);
            weight(weights, "vision_model.embeddings.patch_embedding.weight", D, 3, 4, 4);
            weight(weights, "vision_model.embeddings.position_embedding.weight", 5, D);
            weight(weights, "visual_projection.weight", D, D);
            weight(weights, "text_model.embeddings.token_embedding.weight", 600, D);
            weight(weights, "text_model.embeddings.position_embedding.weight", 77, D);
            weight(weights, "text_projection.weight", D, D);
            weights.put("logit_scale", Tensor.scalar(Math.log(50)));
            SafeTensors.write(folder.resolve("model.safetensors"), weights, Map.of());
        }
        String tower =
                "\"hidden_size\": 8, \"intermediate_size\": 8, \"num_hidden_layers\": 1, \"num_attention_heads\": 2";
        Files.writeString(
                folder.resolve("config.json"),
                "{\"projection_dim\": 8, \"text_config\": {" + tower + ", \"vocab_size\": 600, \"eos_token_id\": 2},"
                        + " \"vision_config\": {" + tower + ", \"image_size\": 8, \"patch_size\": 4}}");
    }

    @Test
    @DisplayName("PickScore is exp(logit_scale) times the cosine of caption and picture, divided by 26")
    void pickScore() {
        double expectedReal;
        double expectedNegative;
        try (ClipModel model = ClipModel.load(folder, ElementType.F32, Device.CPU)) {
            double[] text = model.texts(List.of("a ship")).get(0);
            List<double[]> pictures = model.pictures(List.of(real, negative));
            expectedReal = 50 * ClipModel.cosine(text, pictures.get(0)) / 26;
            expectedNegative = 50 * ClipModel.cosine(text, pictures.get(1)) / 26;
        }
        try (ClipJudge judge = ClipJudge.load(new JudgeSettings(folder, null, null, null, 0.5))) {
            SortedMap<String, Double> both = judge.score("PICKSCORE", "a ship", real, negative);
            SortedMap<String, Double> one = judge.score("PICKSCORE", "a ship", real, null);

            assertThat(both.keySet()).containsExactly("PICKSCORE_NEGATIVE", "PICKSCORE_REAL");
            assertThat(both.get("PICKSCORE_REAL")).isCloseTo(expectedReal, within(1e-4));
            assertThat(both.get("PICKSCORE_NEGATIVE")).isCloseTo(expectedNegative, within(1e-4));
            assertThat(one.keySet()).containsExactly("PICKSCORE_REAL");
        }
    }

    @Test
    @DisplayName("The aesthetic score is the predictor's chain of linear layers over the picture's vector")
    void aesthetic() {
        Path head = folder.resolve("head.safetensors");
        float[] first = new float[2 * D];
        first[3] = 2; // the fourth feature, doubled
        first[D + 5] = -1;
        try (TensorScope scope = TensorScope.open()) {
            SafeTensors.write(
                    head,
                    Map.of(
                            "layers.0.weight", Tensor.of(first, 2, D),
                            "layers.0.bias", Tensor.of(new float[] {0.5f, 0}, 2),
                            "layers.2.weight", Tensor.of(new float[] {10, 100}, 1, 2),
                            "layers.2.bias", Tensor.of(new float[] {3}, 1)),
                    Map.of());
        }
        double[] vector;
        try (ClipModel model = ClipModel.load(folder, ElementType.F32, Device.CPU)) {
            vector = model.pictures(List.of(negative)).get(0);
        }
        try (ClipJudge judge = ClipJudge.load(new JudgeSettings(null, folder, head, null, 0.5))) {
            SortedMap<String, Double> scores = judge.score("AESTHETIC", "any", real, negative);

            assertThat(scores.keySet()).containsExactly("AESTHETIC_NEGATIVE", "AESTHETIC_REAL");
            assertThat(scores.get("AESTHETIC_NEGATIVE"))
                    .isCloseTo(10 * (2 * vector[3] + 0.5) - 100 * vector[5] + 3, within(1e-3));
        }
    }

    @Test
    @DisplayName(
            "A predictor for other vectors, or none at all, is refused with what is wrong, and nothing stays loaded")
    void wrongHead() {
        Path head = folder.resolve("head.safetensors");
        long tensors = Tensor.liveCount();
        try (TensorScope scope = TensorScope.open()) {
            SafeTensors.write(
                    head, Map.of("layers.0.weight", Tensor.zeros(1, 768), "layers.0.bias", Tensor.zeros(1)), Map.of());
        }

        assertThatThrownBy(() -> ClipJudge.load(new JudgeSettings(null, folder, head, null, 0.5)))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining("layers.0.weight has shape [1, 768], expected [N, 8]");
        assertThatThrownBy(() ->
                        ClipJudge.load(new JudgeSettings(null, folder, folder.resolve("model.safetensors"), null, 0.5)))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining("must end in one number, and there are none");
        assertThat(Tensor.liveCount()).isEqualTo(tensors);
    }

    @Test
    @DisplayName("A picture passes when the words for a photograph have their share, and is refused with it when not")
    void photograph() {
        long tensors = Tensor.liveCount();
        double share;
        try (ClipJudge judge = ClipJudge.load(new JudgeSettings(folder, null, null, folder, 0))) {
            Judge.Verdict verdict = judge.judge("NOT_A_PHOTOGRAPH", real);
            share = verdict.measure();
            assertThat(verdict.objection()).isNull();
            assertThat(verdict.measureName()).isEqualTo("PHOTOGRAPH_SHARE");
            assertThat(share).isStrictlyBetween(0.0, 1.0);
        }
        try (ClipJudge judge = ClipJudge.load(new JudgeSettings(null, null, null, folder, 1))) {
            assertThat(judge.judge("NOT_A_PHOTOGRAPH", real).objection())
                    .isEqualTo("\"a photograph\" has a share of "
                            + String.format(Locale.ROOT, "%.1f", 100 * share)
                            + " % among [a photograph, a painting, a drawing, a cartoon, a 3D rendering, a screenshot]; at"
                            + " least 100.0 % is needed");
        }
        assertThat(Tensor.liveCount()).isEqualTo(tensors);
    }

    @Test
    @DisplayName("What has no weights says which setting is missing; what nobody knows says so")
    void missing() {
        try (ClipJudge judge = ClipJudge.load(new JudgeSettings(null, null, null, null, 0.5))) {
            assertThat(judge.cannotScore("PICKSCORE"))
                    .contains(
                            "PICKSCORE needs weights that this generator does not have: set generator.pickscore.model");
            assertThat(judge.cannotJudge("NOT_A_PHOTOGRAPH"))
                    .contains("NOT_A_PHOTOGRAPH needs weights that this generator does not have: set"
                            + " generator.photograph.model");
            assertThat(judge.cannotScore("AESTHETIC"))
                    .contains("AESTHETIC needs weights that this generator does not have: set"
                            + " generator.aesthetic.model and generator.aesthetic.head.file");
            assertThat(judge.cannotScore("BEAUTY"))
                    .contains("\"BEAUTY\" is no score this generator knows; it knows PICKSCORE and AESTHETIC");
            assertThat(judge.cannotJudge("TASTE"))
                    .contains("\"TASTE\" is no gate this generator knows; it knows NOT_A_PHOTOGRAPH");
        }
        try (ClipJudge judge = ClipJudge.load(new JudgeSettings(folder, null, null, folder, 0.5))) {
            assertThat(judge.cannotScore("PICKSCORE")).isEmpty();
            assertThat(judge.cannotJudge("NOT_A_PHOTOGRAPH")).isEmpty();
        }
    }

    private static void linear(Map<String, Tensor> weights, String name, long out, long... in) {
        long[] shape = in.length == 0 ? new long[] {out} : new long[] {out, in[0]};
        weight(weights, name + ".weight", shape);
        weight(weights, name + ".bias", out);
    }

    private static void weight(Map<String, Tensor> weights, String name, long... shape) {
        weights.put(name, Tensor.randn(name.hashCode(), shape).mul(0.5));
    }

    private static BufferedImage picture(long seed) {
        Random colours = new Random(seed);
        BufferedImage picture = new BufferedImage(8, 8, BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < 64; i++) {
            picture.setRGB(i % 8, i / 8, colours.nextInt(1 << 24));
        }
        return picture;
    }
}
