package dev.realalign.publisher;

import dev.realalign.schemas.CheckpointLayout;
import dev.realalign.schemas.HeldOutErrors;
import dev.realalign.schemas.HeldOutErrors.Measurement;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;

/**
 * Refuses a candidate that predicts held-out real images worse than its parent does, by more than a bound. Both were
 * measured on the same images, noises and timesteps, so the difference is taken measurement by measurement: what an image
 * or a noise level makes hard cancels out, and a small change shows on few images.
 *
 * <p>The figure is the mean difference of m_w over the parent's mean m_w. Its standard error is over images, each by the
 * mean of its own differences, since the measurements of one image are not independent.
 *
 * @param limit largest relative increase that may be published. 0.01 by default: the drift at which training itself is
 *     called gone wrong, granted to one version at most; what many small increases add up to is bounded by {@link
 *     HeldOutRatioGate}
 * @param unmeasuredAllowed whether a candidate without errors may follow a version that has them
 */
public record ParentGate(double limit, boolean unmeasuredAllowed) implements Gate {
    /**
     * Images both must share. The standard error of fewer means nothing, and so would a refusal: they are not compared,
     * the decision says so, and the other conditions judge alone.
     */
    static final int FEWEST_IMAGES = 8;

    @Override
    public Verdict judge(Submission submission) {
        Parent parent = submission.parent().orElse(null);
        if (parent == null) {
            return Verdict.PASSED; // version 1 follows nothing
        }
        String version = "version " + parent.manifest().version();
        if (parent.errors().isEmpty()) {
            return Verdict.passed(
                    "not compared with " + version + ", which has no " + CheckpointLayout.HELD_OUT_ERRORS);
        }
        if (submission.errors().isEmpty()) {
            String missing = "it has no " + CheckpointLayout.HELD_OUT_ERRORS + " to compare it with " + version;
            return unmeasuredAllowed ? Verdict.passed(missing) : Verdict.refused(missing);
        }
        Comparison found = compare(submission.errors().get(), parent.errors().get());
        if (found.images() < FEWEST_IMAGES) {
            return Verdict.passed("not compared with " + version + ": they share measurements of " + found.images()
                    + " images, fewer than " + FEWEST_IMAGES);
        }
        String figure = String.format(
                Locale.ROOT,
                "%+.3f %% (standard error %.3f %%) against %s over %d measurements of %d images",
                100 * found.relativeIncrease(),
                100 * found.standardError(),
                version,
                found.measurements(),
                found.images());
        // the negation refuses NaN as well
        return !(found.relativeIncrease() <= limit)
                ? Verdict.refused(String.format(
                        Locale.ROOT,
                        "its error on held-out real images is %s, more than %+.3f %%",
                        figure,
                        100 * limit))
                : Verdict.passed("error on held-out real images " + figure);
    }

    /**
     * Two checkpoints on the measurements both have.
     *
     * @param images images with a common measurement
     * @param measurements common measurements
     * @param meanDifference mean of the candidate's m_w less the parent's
     * @param relativeIncrease that over the parent's mean m_w
     * @param standardError of the relative increase, over images
     */
    record Comparison(
            int images, int measurements, double meanDifference, double relativeIncrease, double standardError) {}

    static Comparison compare(HeldOutErrors candidate, HeldOutErrors parent) {
        Map<HeldOutErrors.Place, Measurement> before = new HashMap<>();
        parent.measurements().forEach(measurement -> before.put(measurement.place(), measurement));
        Map<String, double[]> byImage = new TreeMap<>(); // image id to sum of differences, sum of parent's m_w, count
        for (Measurement after : candidate.measurements()) {
            Optional.ofNullable(before.get(after.place())).ifPresent(paired -> {
                double[] sums = byImage.computeIfAbsent(after.imageId(), id -> new double[3]);
                sums[0] += after.mW() - paired.mW();
                sums[1] += paired.mW();
                sums[2]++;
            });
        }
        int images = byImage.size();
        double count = sum(byImage, sums -> sums[2]);
        double meanDifference = sum(byImage, sums -> sums[0]) / count;
        double parentMean = sum(byImage, sums -> sums[1]) / count;
        double meanOfImages = sum(byImage, sums -> sums[0] / sums[2]) / images;
        double squares = sum(byImage, sums -> Math.pow(sums[0] / sums[2] - meanOfImages, 2));
        double standardError = Math.sqrt(squares / (images - 1) / images);
        return new Comparison(
                images, (int) count, meanDifference, meanDifference / parentMean, standardError / parentMean);
    }

    private static double sum(Map<String, double[]> byImage, ToDoubleFunction<double[]> term) {
        return byImage.values().stream().mapToDouble(term).sum();
    }
}
