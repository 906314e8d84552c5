package dev.realalign.evaluation;

import dev.realalign.evaluation.statistics.FrechetDistance;
import dev.realalign.evaluation.statistics.Interval;
import dev.realalign.evaluation.statistics.KernelDistance;
import dev.realalign.evaluation.statistics.Resampling;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * How far drawn pictures are from real ones, in features. All sets are of one size, so that biases are alike, and all
 * models draw for the same captions with the same seeds, so that differences are paired.
 *
 * @param pictures pictures in each set
 * @param floor other real pictures against the real ones: what no model can fall below for long
 * @param base the plain network's pictures against the real ones
 * @param adapters each adapter's, in order
 */
public record SetDistances(int pictures, Distance floor, Distance base, List<AdapterDistance> adapters) {

    /**
     * One set against the real pictures.
     *
     * @param kernel kernel distance; unbiased, may be negative near 0
     * @param frechet Frechet distance; null where a half of the set is no larger than the number of features, which makes
     *     its covariance meaningless
     */
    public record Distance(Interval kernel, @Nullable Interval frechet) {}

    /**
     * An adapter's set.
     *
     * @param distance its distance from the real pictures
     * @param kernelDifference kernel distance of adapter - base, paired; below 0 the adapter draws closer to the real
     * @param frechetDifference the same for the Frechet distance; null as there
     */
    public record AdapterDistance(Distance distance, Interval kernelDifference, @Nullable Interval frechetDifference) {}

    /** Fewest pictures of a set. */
    public static final int LEAST_PICTURES = 16;

    /**
     * Measures.
     *
     * @param real features of real pictures
     * @param others features of as many other real pictures
     * @param drawn features of as many pictures by each model, the plain network first
     * @throws IllegalArgumentException if the sets differ in size or are too small
     */
    public static SetDistances of(double[][] real, double[][] others, List<double[][]> drawn, Resampling resampling) {
        if (real.length < LEAST_PICTURES) {
            throw new IllegalArgumentException(
                    "distances take at least " + LEAST_PICTURES + " pictures a set, not " + real.length);
        }
        boolean frechet = real.length / 2 > real[0].length;
        List<KernelDistance> kernels = new ArrayList<>();
        drawn.forEach(set -> kernels.add(new KernelDistance(set, real)));
        List<AdapterDistance> adapters = new ArrayList<>();
        for (int model = 1; model < drawn.size(); model++) {
            KernelDistance kernel = kernels.get(model);
            double[][] set = drawn.get(model);
            adapters.add(new AdapterDistance(
                    distance(kernel, set, real, frechet, resampling),
                    resampling.halves(
                            real.length,
                            rows -> kernel.of(rows) - kernels.get(0).of(rows)),
                    frechet
                            ? resampling.halves(
                                    real.length,
                                    rows -> FrechetDistance.of(set, real, rows)
                                            - FrechetDistance.of(drawn.get(0), real, rows))
                            : null));
        }
        return new SetDistances(
                real.length,
                distance(new KernelDistance(others, real), others, real, frechet, resampling),
                distance(kernels.get(0), drawn.get(0), real, frechet, resampling),
                adapters);
    }

    private static Distance distance(
            KernelDistance kernel, double[][] set, double[][] real, boolean frechet, Resampling resampling) {
        ToDoubleFunction<int[]> frechetOf = rows -> FrechetDistance.of(set, real, rows);
        return new Distance(
                resampling.halves(real.length, kernel::of), frechet ? resampling.halves(real.length, frechetOf) : null);
    }
}
