package dev.realalign.evaluation.features;

import dev.realalign.diffusion.ModelFormatException;
import dev.realalign.diffusion.nn.Conv2d;
import dev.realalign.diffusion.nn.GroupNorm;
import dev.realalign.diffusion.nn.Linear;
import dev.realalign.diffusion.nn.Network;
import dev.realalign.diffusion.nn.WeightFiles;
import dev.realalign.diffusion.nn.Weights;
import dev.realalign.diffusion.tensor.Device;
import dev.realalign.diffusion.tensor.ElementType;
import dev.realalign.diffusion.tensor.Ops;
import dev.realalign.diffusion.tensor.SafeTensors;
import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.diffusion.tensor.TensorScope;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * A small convolutional classifier of 32 x 32 photographs. What its last convolution sees, averaged over the picture, are
 * the {@value #FEATURES} numbers that distances between sets of pictures are taken of.
 *
 * <p>Shapes: B pictures; a convolution and a normalisation keep (B, C, H, W), a pooling halves H and W.
 */
public final class PhotoClassifier implements AutoCloseable {
    /** Numbers per picture. */
    public static final int FEATURES = 64;

    /** Height and width the network looks at, in pixels; other sizes are resized. */
    public static final int SIDE = 32;

    /** Hex digits of an image id by which {@link #TRAINED_ON} names a picture: enough to tell 2^32 pictures apart. */
    public static final int ID_DIGITS = 16;

    static final String WEIGHTS = "model.safetensors";
    static final String TRAINED_ON = "trained-on.txt";
    static final String NAME = "name";
    private static final String CLASSES = "classes";
    private static final int GROUPS = 8;
    private static final double EPS = 1e-5;

    private final String name;
    private final List<String> classes;
    private final Set<String> trainedOn;
    private final Network network;
    private final List<Layer> layers = new ArrayList<>();
    private final Linear head;

    private PhotoClassifier(String name, List<String> classes, Set<String> trainedOn, Weights weights) {
        this.name = name;
        this.classes = List.copyOf(classes);
        this.trainedOn = trainedOn;
        layers.add(new Layer(weights.at("layers").at(0), 3, 32, true));
        layers.add(new Layer(weights.at("layers").at(1), 32, 64, false));
        layers.add(new Layer(weights.at("layers").at(2), 64, 64, true));
        layers.add(new Layer(weights.at("layers").at(3), 64, 128, true));
        layers.add(new Layer(weights.at("layers").at(4), 128, FEATURES, false));
        head = Linear.of(weights.at("head"), FEATURES, classes.size());
        network = new Network(weights);
    }

    /** A convolution, a normalisation that looks at one picture alone, an activation and maybe a pooling. */
    private static final class Layer {
        private final Conv2d convolution;
        private final GroupNorm norm;
        private final boolean pools;

        Layer(Weights weights, int in, int out, boolean pools) {
            convolution = Conv2d.same(weights.at("conv"), in, out, 3);
            norm = new GroupNorm(weights.at("norm"), GROUPS, out, EPS);
            this.pools = pools;
        }

        Tensor forward(Tensor x) {
            Tensor y = Ops.silu(norm.forward(convolution.forward(x))); // (B, out, H, W)
            return pools ? Ops.maxPool2d(y, 2, 2, false) : y; // (B, out, H / 2, W / 2)
        }
    }

    /**
     * Fresh weights. Even untrained they tell pictures apart to some degree: the stated fallback where no trained weights
     * are at hand.
     *
     * @param seed what the weights are drawn from
     * @param classes names of the classes, in the order of the logits
     */
    public static PhotoClassifier random(long seed, List<String> classes) {
        return new PhotoClassifier(
                "random features (an untrained network of seed " + seed + "; a fallback)",
                classes,
                Set.of(),
                Weights.random(seed, ElementType.F32, Device.CPU));
    }

    /**
     * Loads what {@link FeatureTraining} wrote.
     *
     * @throws ModelFormatException if the folder holds no such network
     */
    public static PhotoClassifier load(Path folder) {
        Path file = folder.resolve(WEIGHTS);
        try (SafeTensors header = SafeTensors.open(file);
                WeightFiles files = WeightFiles.open(file)) {
            String name = header.metadata().get(NAME);
            String classes = header.metadata().get(CLASSES);
            if (name == null || classes == null) {
                throw new ModelFormatException(
                        file.toString(), "its header names no features: it is not what --train-features writes");
            }
            return new PhotoClassifier(name, List.of(classes.split("\n")), trainedOn(folder), Weights.of(files));
        }
    }

    private static Set<String> trainedOn(Path folder) {
        Path list = folder.resolve(TRAINED_ON);
        try {
            return new TreeSet<>(Files.readAllLines(list));
        } catch (IOException e) {
            throw new ModelFormatException(
                    list.toString(), "the list of the pictures it was trained on cannot be read: " + e.getMessage());
        }
    }

    /** Writes weights and the list of the pictures they were trained on into a folder that exists. */
    void save(Path folder, String asName, Set<String> imageIds) throws IOException {
        Files.write(
                folder.resolve(TRAINED_ON),
                imageIds.stream().map(PhotoClassifier::listed).sorted().toList());
        try (TensorScope scope = TensorScope.open()) {
            SafeTensors.write(
                    folder.resolve(WEIGHTS),
                    new TreeMap<>(network.tensors()),
                    Map.of("format", "pt", NAME, asName, CLASSES, String.join("\n", classes)));
        }
    }

    /** What the features are called in reports: who trained them, on what. */
    public String name() {
        return name;
    }

    /** Names of the classes, in the order of the logits. */
    public List<String> classes() {
        return classes;
    }

    /** Whether the weights have seen a picture in training. */
    public boolean hasSeen(String imageId) {
        return trainedOn.contains(listed(imageId));
    }

    private static String listed(String imageId) {
        return imageId.substring(0, ID_DIGITS);
    }

    /** Every weight by name. */
    Map<String, Tensor> parameters() {
        return network.tensors();
    }

    /**
     * The features of pictures.
     *
     * @param pictures (B, 3, H, W) from -1 to 1
     * @return B rows of {@value #FEATURES}
     */
    public double[][] features(Tensor pictures) {
        try (TensorScope scope = TensorScope.open()) {
            int batch = Math.toIntExact(pictures.size(0));
            double[] flat = pooled(pictures.to(network.device())).toDoubles();
            double[][] rows = new double[batch][FEATURES];
            for (int i = 0; i < batch; i++) {
                System.arraycopy(flat, i * FEATURES, rows[i], 0, FEATURES);
            }
            return rows;
        }
    }

    /** (B, 3, H, W) to one score per class, (B, classes). */
    Tensor logits(Tensor pictures) {
        return head.forward(pooled(pictures));
    }

    /** (B, 3, H, W) to (B, 64). */
    private Tensor pooled(Tensor pictures) {
        Tensor x = pictures.size(2) == SIDE && pictures.size(3) == SIDE
                ? pictures
                : Ops.resizeBilinear(pictures, SIDE, SIDE); // (B, 3, 32, 32)
        for (Layer layer : layers) {
            x = layer.forward(x);
        }
        return x.mean(false, 2, 3); // (B, 64, 4, 4) to (B, 64)
    }

    @Override
    public void close() {
        network.close();
    }
}
