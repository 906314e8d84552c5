package dev.realalign.diffusion.bench;

import dev.realalign.diffusion.tensor.TensorScope;
import java.util.Arrays;
import java.util.OptionalLong;

/**
 * What a workload took.
 *
 * @param name of the workload
 * @param images samples in a step's batch
 * @param millis of each counted step, in order
 * @param preparedBytes memory of the whole process with networks and inputs at hand, before the first step (VmRSS)
 * @param peakBytes the most memory that the whole process ever had, until after the last step (VmHWM): the workload's own
 *     only where nothing larger ran in the process before
 */
public record Measurement(
        String name, int images, double[] millis, OptionalLong preparedBytes, OptionalLong peakBytes) {

    /**
     * Measures on the calling thread, whose engine threads are as they are set.
     *
     * @param warmUp steps that are not counted, at least 0
     * @param steps steps that are, at least 1
     */
    public static Measurement of(Workload workload, Scale scale, int warmUp, int steps) {
        if (warmUp < 0 || steps < 1) {
            throw new IllegalArgumentException(
                    "a measurement takes at least 1 step after at least 0 to warm up, not " + steps + " and " + warmUp);
        }
        double[] millis = new double[steps];
        try (TensorScope scope = TensorScope.open();
                Workload.Prepared work = workload.prepare(scale)) {
            OptionalLong prepared = ProcessMemory.resident();
            for (int i = 0; i < warmUp; i++) {
                work.step();
            }
            for (int i = 0; i < steps; i++) {
                long start = System.nanoTime();
                work.step();
                millis[i] = (System.nanoTime() - start) / 1e6;
            }
            return new Measurement(workload.name(), scale.images(), millis, prepared, ProcessMemory.peak());
        }
    }

    /** The median of the steps; of an even number the mean of the two in the middle. */
    public double medianMillis() {
        double[] sorted = millis.clone();
        Arrays.sort(sorted);
        int half = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
    }

    /** Images in a second, by the median step. */
    public double imagesPerSecond() {
        return images * 1e3 / medianMillis();
    }
}
