package dev.realalign.evaluation.statistics;

import java.util.Arrays;
import java.util.Random;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/**
 * 95 % intervals by drawing the items of a sample again. The draws are a function of the seed and the number of items
 * alone, so that statistics of the same items move together.
 *
 * @param seed seed of the draws
 * @param rounds draws; a few hundred at least for bounds that hold still
 */
public record Resampling(long seed, int rounds) {
    private static final double TAIL = 0.025;
    private static final int LEAST_ITEMS = 4;

    public Resampling {
        if (rounds < 2) {
            throw new IllegalArgumentException("resampling takes at least 2 rounds, not " + rounds);
        }
    }

    /**
     * The percentile bootstrap (Efron 1979): the statistic of as many items drawn with replacement. For means, and for
     * ratios of means.
     *
     * @param items number of items, at least 1
     * @param statistic of the items at these indices, some of them several times
     */
    public Interval bootstrap(int items, ToDoubleFunction<int[]> statistic) {
        double value = statistic.applyAsDouble(all(items));
        Random random = new Random(seed);
        double[] drawn = new double[rounds];
        int[] sample = new int[items];
        for (int round = 0; round < rounds; round++) {
            for (int i = 0; i < items; i++) {
                sample[i] = random.nextInt(items);
            }
            drawn[round] = statistic.applyAsDouble(sample);
        }
        Arrays.sort(drawn);
        return new Interval(value, quantile(drawn, TAIL), quantile(drawn, 1 - TAIL));
    }

    /**
     * The delete-half jackknife (Shao and Wu 1989): the statistic of halves drawn without replacement scatters about the
     * one of the whole as that one scatters about the truth. For statistics that a repeated item would falsify, such as
     * distances between sets. The halves' scatter is laid around the whole's value, so that a bias that shrinks with the
     * number of items does not move the interval. Where a distance is near 0 the interval is wider than it need be.
     *
     * @param items number of items, at least 4
     * @param statistic of the items at these indices, no one twice
     */
    public Interval halves(int items, ToDoubleFunction<int[]> statistic) {
        if (items < LEAST_ITEMS) {
            throw new IllegalArgumentException(
                    "halves can be drawn of " + LEAST_ITEMS + " items or more, not of " + items);
        }
        double value = statistic.applyAsDouble(all(items));
        Random random = new Random(seed);
        double[] drawn = new double[rounds];
        int[] order = all(items);
        for (int round = 0; round < rounds; round++) {
            for (int i = 0; i < items / 2; i++) {
                int other = i + random.nextInt(items - i);
                int kept = order[i];
                order[i] = order[other];
                order[other] = kept;
            }
            drawn[round] = statistic.applyAsDouble(Arrays.copyOf(order, items / 2));
        }
        double mean = Arrays.stream(drawn).average().orElseThrow();
        Arrays.sort(drawn);
        return new Interval(value, value + quantile(drawn, TAIL) - mean, value + quantile(drawn, 1 - TAIL) - mean);
    }

    private static int[] all(int items) {
        return IntStream.range(0, items).toArray();
    }

    /** Interpolated between the two nearest of the sorted numbers. */
    private static double quantile(double[] sorted, double share) {
        double position = share * (sorted.length - 1);
        int below = (int) position;
        int above = Math.min(below + 1, sorted.length - 1);
        return sorted[below] + (position - below) * (sorted[above] - sorted[below]);
    }
}
