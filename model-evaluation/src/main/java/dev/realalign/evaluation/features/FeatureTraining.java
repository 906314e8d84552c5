package dev.realalign.evaluation.features;

import dev.realalign.diffusion.optim.AdamW;
import dev.realalign.diffusion.pipeline.RgbImages;
import dev.realalign.diffusion.tensor.Autograd;
import dev.realalign.diffusion.tensor.Ops;
import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.diffusion.tensor.TensorScope;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;

/**
 * Trains a {@link PhotoClassifier}: cross-entropy with smoothed labels, AdamW under a cosine schedule, mirrored and
 * shifted pictures. Half of the photographs, chosen by image id, are never trained: they measure the accuracy, and later
 * they are what an evaluation may use. The same photographs, settings and thread count give the same weights.
 *
 * @param seed seed of weights, order and shifts
 * @param epochs walks over the photographs that are trained
 * @param batch photographs of a step
 * @param learningRate learning rate at the start
 */
public record FeatureTraining(long seed, int epochs, int batch, double learningRate) {
    /** What the bundled weights were trained with. */
    public static final FeatureTraining DEFAULT = new FeatureTraining(1, 30, 64, 3e-3);

    private static final double SMOOTHING = 0.1;
    private static final double WEIGHT_DECAY = 0.05;
    private static final double CLIP = 1;
    private static final int LARGEST_SHIFT = 4;
    private static final int CHANNELS = 3;
    private static final int SIDE = PhotoClassifier.SIDE;
    private static final int ELEMENTS = CHANNELS * SIDE * SIDE;

    /**
     * What a training came to.
     *
     * @param trained photographs trained on
     * @param heldOut photographs that measured the accuracy
     * @param accuracy share of the held-out photographs whose class is found
     */
    public record Outcome(int trained, int heldOut, double accuracy) {}

    /** A photograph as numbers from -1 to 1 and the place of its class. */
    private record Example(float[] pixels, int label) {}

    /** Whether a photograph is trained on: the first bit of its id decides. */
    public static boolean isTrainedOn(String imageId) {
        return Character.digit(imageId.charAt(0), 16) < 8;
    }

    /**
     * Trains and writes the weights.
     *
     * @param photos at least two classes, each with photographs on both sides
     * @param folder where the weights go; it exists
     * @param progress told a line after each epoch
     * @throws IllegalArgumentException if there are too few photographs or classes
     */
    public Outcome run(List<LabelledPhoto> photos, Path folder, Consumer<String> progress) throws IOException {
        List<LabelledPhoto> ordered = photos.stream()
                .sorted(Comparator.comparing(LabelledPhoto::imageId))
                .toList();
        List<String> classes =
                ordered.stream().map(LabelledPhoto::label).distinct().sorted().toList();
        Set<String> trainedOn = new TreeSet<>();
        List<Example> training = new ArrayList<>();
        List<Example> heldOut = new ArrayList<>();
        for (LabelledPhoto photo : ordered) {
            Example example = new Example(pixels(photo), classes.indexOf(photo.label()));
            if (isTrainedOn(photo.imageId())) {
                trainedOn.add(photo.imageId());
                training.add(example);
            } else {
                heldOut.add(example);
            }
        }
        if (classes.size() < 2 || labels(training) < classes.size() || labels(heldOut) < classes.size()) {
            throw new IllegalArgumentException(
                    "features are trained on photographs of at least two labels, each with several photographs, not on "
                            + photos.size() + " of " + classes.size());
        }
        try (PhotoClassifier classifier = PhotoClassifier.random(seed, classes)) {
            train(classifier, training, heldOut, progress);
            double accuracy = accuracy(classifier, heldOut);
            classifier.save(folder, name(training.size(), classes.size(), accuracy), trainedOn);
            return new Outcome(training.size(), heldOut.size(), accuracy);
        }
    }

    private static long labels(List<Example> examples) {
        return examples.stream().map(Example::label).distinct().count();
    }

    private String name(int photographs, int classes, double accuracy) {
        return String.format(
                Locale.ROOT,
                "photo classifier of this project: %d features of a 5-layer convolutional network at %d x %d, trained on %d"
                        + " labelled photographs of %d classes (seed %d, %d epochs), held-out accuracy %.3f",
                PhotoClassifier.FEATURES,
                SIDE,
                SIDE,
                photographs,
                classes,
                seed,
                epochs,
                accuracy);
    }

    private static float[] pixels(LabelledPhoto photo) {
        try (Tensor tensor = RgbImages.toTensor(List.of(photo.picture()))) {
            return tensor.toFloats();
        }
    }

    private void train(
            PhotoClassifier classifier, List<Example> training, List<Example> heldOut, Consumer<String> progress) {
        classifier.parameters().values().forEach(Tensor::requireGrad);
        Random random = new Random(seed);
        List<Example> order = new ArrayList<>(training);
        long steps = (long) epochs * ((training.size() + batch - 1) / batch);
        long step = 0;
        try (AdamW optimizer = new AdamW(classifier.parameters(), new AdamW.Config(0.9, 0.999, 1e-8, WEIGHT_DECAY))) {
            for (int epoch = 1; epoch <= epochs; epoch++) {
                Collections.shuffle(order, random);
                double loss = 0;
                for (int start = 0; start < order.size(); start += batch) {
                    List<Example> part = order.subList(start, Math.min(start + batch, order.size()));
                    double rate = 0.5 * learningRate * (1 + StrictMath.cos(Math.PI * step++ / steps));
                    loss += step(classifier, optimizer, part, rate, random) * part.size() / order.size();
                }
                progress.accept(String.format(
                        Locale.ROOT,
                        "epoch %d of %d: loss %.4f, held-out accuracy %.3f",
                        epoch,
                        epochs,
                        loss,
                        accuracy(classifier, heldOut)));
            }
        }
    }

    private static double step(
            PhotoClassifier classifier, AdamW optimizer, List<Example> part, double rate, Random random) {
        try (TensorScope scope = TensorScope.open()) {
            float[] pixels = new float[part.size() * ELEMENTS];
            for (int i = 0; i < part.size(); i++) {
                varied(part.get(i).pixels(), random, pixels, i * ELEMENTS);
            }
            Tensor pictures = Tensor.of(pixels, part.size(), CHANNELS, SIDE, SIDE);
            int classes = classifier.classes().size();
            float[] wanted = new float[part.size() * classes];
            Arrays.fill(wanted, (float) (SMOOTHING / classes));
            for (int i = 0; i < part.size(); i++) {
                wanted[i * classes + part.get(i).label()] += (float) (1 - SMOOTHING);
            }
            Tensor targets = Tensor.of(wanted, part.size(), classes);
            Tensor logits = Autograd.withGrad(() -> classifier.logits(pictures));
            Tensor probabilities = Ops.softmax(logits.detach(), 1);
            // cross-entropy's derivative by the logits
            Autograd.backward(logits, probabilities.sub(targets).mul(1.0 / part.size()));
            optimizer.clip(CLIP);
            optimizer.step(rate);
            optimizer.clear();
            return -targets.mul(probabilities.log()).sum().item() / part.size();
        }
    }

    /** Mirrored or not, shifted by up to four pixels each way; what comes in from outside is grey. */
    private static void varied(float[] pixels, Random random, float[] into, int at) {
        boolean mirrored = random.nextBoolean();
        int right = random.nextInt(2 * LARGEST_SHIFT + 1) - LARGEST_SHIFT;
        int down = random.nextInt(2 * LARGEST_SHIFT + 1) - LARGEST_SHIFT;
        for (int c = 0; c < CHANNELS; c++) {
            for (int y = 0; y < SIDE; y++) {
                for (int x = 0; x < SIDE; x++) {
                    int fromX = (mirrored ? SIDE - 1 - x : x) + right;
                    int fromY = y + down;
                    boolean inside = fromX >= 0 && fromX < SIDE && fromY >= 0 && fromY < SIDE;
                    into[at + (c * SIDE + y) * SIDE + x] = inside ? pixels[(c * SIDE + fromY) * SIDE + fromX] : 0;
                }
            }
        }
    }

    private double accuracy(PhotoClassifier classifier, List<Example> examples) {
        long right = 0;
        for (int start = 0; start < examples.size(); start += batch) {
            List<Example> part = examples.subList(start, Math.min(start + batch, examples.size()));
            try (TensorScope scope = TensorScope.open()) {
                float[] pixels = new float[part.size() * ELEMENTS];
                for (int i = 0; i < part.size(); i++) {
                    System.arraycopy(part.get(i).pixels(), 0, pixels, i * ELEMENTS, ELEMENTS);
                }
                long[] found = classifier
                        .logits(Tensor.of(pixels, part.size(), CHANNELS, SIDE, SIDE))
                        .argmax(1)
                        .toLongs();
                for (int i = 0; i < part.size(); i++) {
                    right += found[i] == part.get(i).label() ? 1 : 0;
                }
            }
        }
        return (double) right / examples.size();
    }
}
