package dev.realalign.diffusion.clip;

import dev.realalign.diffusion.JsonConfig;
import dev.realalign.diffusion.nn.WeightFiles;
import dev.realalign.diffusion.nn.Weights;
import dev.realalign.diffusion.tensor.Device;
import dev.realalign.diffusion.tensor.ElementType;
import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.diffusion.tensor.TensorScope;
import dev.realalign.diffusion.tokenizer.ClipTokenizer;
import java.awt.image.BufferedImage;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * Both towers of CLIP (Radford et al. 2021, arXiv 2103.00020): how well pictures and texts go together. Reads the folder of
 * a transformers CLIPModel: {@code config.json}, {@code model.safetensors}, {@code vocab.json}, {@code merges.txt}. Used by
 * one thread at a time.
 */
public final class ClipModel implements AutoCloseable {
    private static final String OTHER_TOWER = "|logit_scale";

    private final ClipVisionModel vision;
    private final ClipTextModel text;
    private final ClipTokenizer tokenizer;
    private final double scale;

    private ClipModel(ClipVisionModel vision, ClipTextModel text, ClipTokenizer tokenizer, double scale) {
        this.vision = vision;
        this.text = text;
        this.tokenizer = tokenizer;
        this.scale = scale;
    }

    private record Config(ClipTextConfig text, ClipVisionConfig vision, int projection) {
        static Config from(JsonConfig json) {
            int projection = json.integer("projection_dim", 512);
            return new Config(
                    part(json, "text_config", ClipTextConfig::from).withProjection(projection),
                    part(json, "vision_config", ClipVisionConfig::from),
                    projection);
        }

        private static <T> T part(JsonConfig json, String key, Function<JsonConfig, T> mapping) {
            return JsonConfig.parse(
                    json.name() + ", " + key, json.has(key) ? String.valueOf(json.node(key)) : "{}", mapping);
        }
    }

    /**
     * Loads a folder.
     *
     * @throws dev.realalign.diffusion.ModelFormatException naming the file and everything wrong with it
     */
    public static ClipModel load(Path folder, ElementType type, Device device) {
        Path configuration = folder.resolve("config.json");
        Config config = JsonConfig.read(configuration, Config::from);
        ClipTokenizer tokenizer = ClipTokenizer.load(folder);
        ClipVisionModel vision = null;
        try (WeightFiles files = WeightFiles.find(folder, "model", null)) {
            vision = Weights.of(files, type, device).build(configuration.toString(), weights -> {
                weights.tolerate("text_model\\..*|text_projection\\..*" + OTHER_TOWER);
                return new ClipVisionModel(config.vision(), config.projection(), weights);
            });
            ClipTextModel text = Weights.of(files, type, device).build(configuration.toString(), weights -> {
                weights.tolerate("vision_model\\..*|visual_projection\\..*" + OTHER_TOWER);
                return new ClipTextModel(config.text(), true, weights);
            });
            try (TensorScope scope = TensorScope.open()) {
                double scale =
                        Math.exp(files.load("logit_scale", ElementType.F32).item());
                return new ClipModel(vision, text, tokenizer, scale);
            }
        } catch (RuntimeException e) {
            tokenizer.close();
            if (vision != null) {
                vision.close();
            }
            throw e;
        }
    }

    /** Numbers of a vector. */
    public int vectorLength() {
        return text.config().projection();
    }

    /** What cosines are multiplied with: the exponential of the model's {@code logit_scale}. */
    public double scale() {
        return scale;
    }

    /** Pictures as vectors of length 1. */
    public List<double[]> pictures(List<BufferedImage> pictures) {
        int side = vision.config().side();
        int values = 3 * side * side;
        float[] prepared = new float[pictures.size() * values];
        for (int b = 0; b < pictures.size(); b++) {
            System.arraycopy(ClipPictures.prepared(pictures.get(b), side), 0, prepared, b * values, values);
        }
        try (TensorScope scope = TensorScope.open()) {
            return unit(vision.embed(Tensor.of(prepared, pictures.size(), 3, side, side)));
        }
    }

    /** Texts as vectors of length 1; what does not fit into the model's tokens is cut off. */
    public List<double[]> texts(List<String> texts) {
        int length = tokenizer.length();
        long[] ids = new long[texts.size() * length];
        for (int b = 0; b < texts.size(); b++) {
            System.arraycopy(tokenizer.encode(texts.get(b)).ids(), 0, ids, b * length, length);
        }
        try (TensorScope scope = TensorScope.open()) {
            return unit(text.encode(Tensor.of(ids, texts.size(), length)).pooled());
        }
    }

    private static List<double[]> unit(Tensor vectors) {
        double[] values = vectors.toDoubles();
        int length = Math.toIntExact(vectors.size(1));
        List<double[]> units = new ArrayList<>();
        for (int from = 0; from < values.length; from += length) {
            double squared = 0;
            for (int i = 0; i < length; i++) {
                squared += values[from + i] * values[from + i];
            }
            double[] unit = new double[length];
            for (int i = 0; i < length; i++) {
                unit[i] = values[from + i] / Math.sqrt(squared);
            }
            units.add(unit);
        }
        return units;
    }

    /** Cosine of two vectors of length 1. */
    public static double cosine(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }

    @Override
    public void close() {
        vision.close();
        text.close();
        tokenizer.close();
    }
}
