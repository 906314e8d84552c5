package dev.realalign.diffusion.clip;

import dev.realalign.diffusion.ModelFormatException;
import dev.realalign.diffusion.nn.WeightFiles;
import dev.realalign.diffusion.tensor.ElementType;
import dev.realalign.diffusion.tensor.SafeTensors;
import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.diffusion.tensor.TensorScope;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * LAION's aesthetic predictor: linear layers without activations between them, from a picture's CLIP vector (ViT-L/14,
 * length 1) to how much people liked such pictures, about 1 to 10. Its dropout layers do nothing when it is used, which is why the
 * numbers of its layers have gaps ({@code layers.0}, {@code layers.2}, …).
 *
 * <p>Published weights are pickles; they are converted once, keys unchanged:
 * {@code safetensors.torch.save_file(torch.load("sac+logos+ava1-l14-linearMSE.pth", map_location="cpu", weights_only=True),
 * "aesthetic.safetensors")}.
 */
public final class AestheticHead {
    private static final int MOST_LAYERS = 32;

    private final List<Layer> layers;

    /** y = W x + b, W row by row. */
    private record Layer(int in, int out, double[] weight, double[] bias) {}

    private AestheticHead(List<Layer> layers) {
        this.layers = List.copyOf(layers);
    }

    /**
     * Loads a converted weight file.
     *
     * @param vector length of the CLIP vectors it is for
     * @throws ModelFormatException when its layers are missing or do not follow from one another
     */
    public static AestheticHead load(Path file, int vector) {
        List<Layer> layers = new ArrayList<>();
        int next = vector;
        try (WeightFiles files = WeightFiles.open(file);
                TensorScope scope = TensorScope.open()) {
            for (int i = 0; i < MOST_LAYERS; i++) {
                SafeTensors.Entry entry = files.entry("layers." + i + ".weight");
                if (entry == null) {
                    continue;
                }
                if (entry.shape().size() != 2 || entry.shape().get(1) != next) {
                    throw new ModelFormatException(
                            file.toString(),
                            "layers." + i + ".weight has shape " + entry.shape() + ", expected [N, " + next + "]");
                }
                int out = Math.toIntExact(entry.shape().get(0));
                double[] bias =
                        files.load("layers." + i + ".bias", ElementType.F32).toDoubles();
                Tensor weight = files.load("layers." + i + ".weight", ElementType.F32);
                layers.add(new Layer(next, out, weight.toDoubles(), bias));
                next = out;
            }
        }
        if (layers.isEmpty() || next != 1) {
            throw new ModelFormatException(
                    file.toString(),
                    "it is no aesthetic predictor: its layers (layers.0.weight, …) must end in one number, and "
                            + (layers.isEmpty() ? "there are none" : "end in " + next));
        }
        return new AestheticHead(layers);
    }

    /** The score of a picture's vector of length 1. */
    public double score(double[] picture) {
        double[] x = picture;
        for (Layer layer : layers) {
            double[] y = layer.bias().clone();
            for (int row = 0; row < layer.out(); row++) {
                for (int i = 0; i < layer.in(); i++) {
                    y[row] += layer.weight()[row * layer.in() + i] * x[i];
                }
            }
            x = y;
        }
        return x[0];
    }
}
