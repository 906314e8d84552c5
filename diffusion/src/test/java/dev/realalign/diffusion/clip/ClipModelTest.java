package dev.realalign.diffusion.clip;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.realalign.diffusion.ModelFormatException;
import dev.realalign.diffusion.tensor.Device;
import dev.realalign.diffusion.tensor.ElementType;
import dev.realalign.diffusion.tensor.SafeTensors;
import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.diffusion.tensor.TensorScope;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * CLIP's vision tower against the transformer's formulas in plain Java and double precision, since no reference values of it
 * are at hand; its text tower has golden tensors of its own.
 */
class ClipModelTest {
    private static final int SIDE = 8;
    private static final int PATCH = 4;
    private static final int D = 8;
    private static final int HEADS = 2;
    private static final int INNER = 16;
    private static final int LAYERS = 2;
    private static final int P = 6;
    private static final int N = 1 + (SIDE / PATCH) * (SIDE / PATCH);
    private static final double SCALE = 2.5;

    @TempDir
    Path folder;

    private final Map<String, double[]> weights = new HashMap<>();
    private final Map<String, Tensor> tensors = new HashMap<>();
    private final Random random = new Random(7);

    @Test
    @DisplayName("A picture's vector is what the formulas give")
    void vision() throws IOException {
        writeModel();
        BufferedImage picture = picture(SIDE, SIDE, 1);
        long before = Tensor.liveCount();
        try (ClipModel model = ClipModel.load(folder, ElementType.F32, Device.CPU)) {
            double[] vector =
                    model.pictures(List.of(picture(SIDE, SIDE, 2), picture)).get(1);

            double[] expected = oracle(ClipPictures.prepared(picture, SIDE));
            assertThat(vector).hasSize(P);
            for (int i = 0; i < P; i++) {
                assertThat(vector[i]).as("feature %d", i).isCloseTo(expected[i], within(1e-5));
            }
            assertThat(model.scale()).isCloseTo(Math.exp(SCALE), within(1e-5));
        }
        assertThat(Tensor.liveCount()).isEqualTo(before);
    }

    @Test
    @DisplayName(
            "Texts and pictures are vectors of length 1 in the same space; the same text has the cosine 1 with itself")
    void texts() throws IOException {
        writeModel();
        try (ClipModel model = ClipModel.load(folder, ElementType.F32, Device.CPU)) {
            List<double[]> texts = model.texts(List.of("a ship", "a dog", "a ship"));

            assertThat(texts.get(0)).hasSize(P);
            assertThat(ClipModel.cosine(texts.get(0), texts.get(2))).isCloseTo(1, within(1e-6));
            assertThat(ClipModel.cosine(texts.get(0), texts.get(1))).isLessThan(0.9999);
        }
    }

    @Test
    @DisplayName("A folder whose vision tower lacks a tensor is refused with its name")
    void incomplete() throws IOException {
        writeModel();
        try (TensorScope scope = TensorScope.open()) {
            Map<String, Tensor> fewer = new HashMap<>();
            try (SafeTensors whole = SafeTensors.open(folder.resolve("model.safetensors"))) {
                whole.entries().keySet().stream()
                        .filter(name -> !name.equals("visual_projection.weight"))
                        .forEach(name -> fewer.put(name, whole.load(name)));
            }
            SafeTensors.write(folder.resolve("model.safetensors"), fewer, Map.of());
        }
        assertThatThrownBy(() -> ClipModel.load(folder, ElementType.F32, Device.CPU))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining("visual_projection.weight is missing; expected shape [6, 8]");
    }

    @Test
    @DisplayName("Pictures are resized to the shorter side, cut at the centre and normalised")
    void preparation() {
        BufferedImage grey = new BufferedImage(40, 20, BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < 40 * 20; i++) {
            grey.setRGB(i % 40, i / 40, i % 40 < 10 || i % 40 >= 30 ? 0xFF0000 : 0x808080);
        }

        float[] prepared = ClipPictures.prepared(grey, 10);

        // far from the red margins, which are cut off, every value is that of the grey
        assertThat((double) prepared[5 * 10 + 5]).isCloseTo((128 / 255.0 - 0.48145466) / 0.26862954, within(1e-5));
        assertThat((double) prepared[(2 * 10 + 5) * 10 + 5])
                .isCloseTo((128 / 255.0 - 0.40821073) / 0.27577711, within(1e-5));
        assertThat(ClipPictures.prepared(picture(8, 8, 3), 8)).hasSize(3 * 64);
    }

    // ---- a small model with random weights ---------------------------------------------------------------------

    private void writeModel() throws IOException {
        Path tokenizer = Path.of(System.getProperty("realalign.home"), "models", "tiny-photo", "tokenizer");
        for (String file : List.of("vocab.json", "merges.txt", "tokenizer_config.json")) {
            Files.copy(tokenizer.resolve(file), folder.resolve(file));
        }
        int vocabulary = 600;
        try (TensorScope scope = TensorScope.open()) {
            tower("vision_model.", "pre_layrnorm", "post_layernorm");
            weight("vision_model.embeddings.class_embedding", D);
            weight("vision_model.embeddings.patch_embedding.weight", D, 3, PATCH, PATCH);
            weight("vision_model.embeddings.position_embedding.weight", N, D);
            weight("visual_projection.weight", P, D);
            tower("text_model.", "final_layer_norm");
            weight("text_model.embeddings.token_embedding.weight", vocabulary, D);
            weight("text_model.embeddings.position_embedding.weight", 77, D);
            weight("text_projection.weight", P, D);
            tensors.put("logit_scale", Tensor.scalar(SCALE));
            SafeTensors.write(folder.resolve("model.safetensors"), tensors, Map.of());
        }
        String tower = "\"hidden_size\": 8, \"intermediate_size\": 16, \"num_hidden_layers\": 2,"
                + " \"num_attention_heads\": 2";
        Files.writeString(
                folder.resolve("config.json"),
                "{\"architectures\": [\"CLIPModel\"], \"projection_dim\": 6, \"text_config\": {" + tower
                        + ", \"vocab_size\": 600, \"eos_token_id\": 2}, \"vision_config\": {" + tower
                        + ", \"image_size\": 8, \"patch_size\": 4}}",
                StandardCharsets.UTF_8);
    }

    private void tower(String prefix, String... norms) {
        for (String norm : norms) {
            weight(prefix + norm + ".weight", D);
            weight(prefix + norm + ".bias", D);
        }
        for (int i = 0; i < LAYERS; i++) {
            String layer = prefix + "encoder.layers." + i + ".";
            for (String norm : List.of("layer_norm1", "layer_norm2")) {
                weight(layer + norm + ".weight", D);
                weight(layer + norm + ".bias", D);
            }
            for (String linear : List.of("q_proj", "k_proj", "v_proj", "out_proj")) {
                weight(layer + "self_attn." + linear + ".weight", D, D);
                weight(layer + "self_attn." + linear + ".bias", D);
            }
            weight(layer + "mlp.fc1.weight", INNER, D);
            weight(layer + "mlp.fc1.bias", INNER);
            weight(layer + "mlp.fc2.weight", D, INNER);
            weight(layer + "mlp.fc2.bias", D);
        }
    }

    private void weight(String name, long... shape) {
        int count = 1;
        for (long length : shape) {
            count *= (int) length;
        }
        float[] values = new float[count];
        double[] exact = new double[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) (random.nextGaussian() / 2);
            exact[i] = values[i];
        }
        weights.put(name, exact);
        tensors.put(name, Tensor.of(values, shape));
    }

    private static BufferedImage picture(int width, int height, long seed) {
        Random colours = new Random(seed);
        BufferedImage picture = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < width * height; i++) {
            picture.setRGB(i % width, i / width, colours.nextInt(1 << 24));
        }
        return picture;
    }

    // ---- the oracle: one picture, double precision ----------------------------------------------------------------

    private double[] oracle(float[] pixels) {
        double[][] x = new double[N][];
        x[0] = w("embeddings.class_embedding").clone();
        int across = SIDE / PATCH;
        for (int patch = 0; patch < N - 1; patch++) {
            x[patch + 1] = new double[D];
            for (int d = 0; d < D; d++) {
                for (int i = 0; i < 3 * PATCH * PATCH; i++) {
                    int row = patch / across * PATCH + i / PATCH % PATCH;
                    int column = patch % across * PATCH + i % PATCH;
                    x[patch + 1][d] += w("embeddings.patch_embedding.weight")[d * 3 * PATCH * PATCH + i]
                            * pixels[(i / (PATCH * PATCH) * SIDE + row) * SIDE + column];
                }
            }
        }
        for (int n = 0; n < N; n++) {
            for (int d = 0; d < D; d++) {
                x[n][d] += w("embeddings.position_embedding.weight")[n * D + d];
            }
            x[n] = norm("pre_layrnorm", x[n]);
        }
        for (int layer = 0; layer < LAYERS; layer++) {
            x = layer("encoder.layers." + layer + ".", x);
        }
        double[] projected = product(all("visual_projection.weight"), norm("post_layernorm", x[0]), P);
        double squared = 0;
        for (double value : projected) {
            squared += value * value;
        }
        for (int i = 0; i < P; i++) {
            projected[i] /= Math.sqrt(squared);
        }
        return projected;
    }

    private double[][] layer(String name, double[][] x) {
        double[][] q = new double[N][];
        double[][] k = new double[N][];
        double[][] v = new double[N][];
        for (int n = 0; n < N; n++) {
            double[] normed = norm(name + "layer_norm1", x[n]);
            q[n] = linear(name + "self_attn.q_proj", normed, D);
            k[n] = linear(name + "self_attn.k_proj", normed, D);
            v[n] = linear(name + "self_attn.v_proj", normed, D);
        }
        double[][] result = new double[N][];
        int width = D / HEADS;
        for (int n = 0; n < N; n++) {
            double[] attended = new double[D];
            for (int head = 0; head < HEADS; head++) {
                double[] shares = new double[N];
                double sum = 0;
                for (int m = 0; m < N; m++) {
                    double score = 0;
                    for (int d = head * width; d < (head + 1) * width; d++) {
                        score += q[n][d] * k[m][d];
                    }
                    shares[m] = Math.exp(score / Math.sqrt(width));
                    sum += shares[m];
                }
                for (int m = 0; m < N; m++) {
                    for (int d = head * width; d < (head + 1) * width; d++) {
                        attended[d] += shares[m] / sum * v[m][d];
                    }
                }
            }
            double[] h = added(x[n], linear(name + "self_attn.out_proj", attended, D));
            double[] inner = linear(name + "mlp.fc1", norm(name + "layer_norm2", h), INNER);
            for (int i = 0; i < INNER; i++) {
                inner[i] /= 1 + Math.exp(-1.702 * inner[i]); // quick_gelu
            }
            result[n] = added(h, linear(name + "mlp.fc2", inner, D));
        }
        return result;
    }

    private double[] w(String name) {
        return all("vision_model." + name);
    }

    private double[] all(String name) {
        return Objects.requireNonNull(weights.get(name), name);
    }

    private double[] norm(String name, double[] x) {
        double mean = 0;
        for (double value : x) {
            mean += value / x.length;
        }
        double variance = 0;
        for (double value : x) {
            variance += (value - mean) * (value - mean) / x.length;
        }
        double[] result = new double[x.length];
        for (int i = 0; i < x.length; i++) {
            result[i] = (x[i] - mean) / Math.sqrt(variance + 1e-5) * w(name + ".weight")[i] + w(name + ".bias")[i];
        }
        return result;
    }

    private double[] linear(String name, double[] x, int out) {
        return added(product(w(name + ".weight"), x, out), w(name + ".bias"));
    }

    private static double[] product(double[] matrix, double[] x, int out) {
        double[] result = new double[out];
        for (int row = 0; row < out; row++) {
            for (int i = 0; i < x.length; i++) {
                result[row] += matrix[row * x.length + i] * x[i];
            }
        }
        return result;
    }

    private static double[] added(double[] a, double[] b) {
        double[] sum = new double[a.length];
        for (int i = 0; i < a.length; i++) {
            sum[i] = a[i] + b[i];
        }
        return sum;
    }
}
