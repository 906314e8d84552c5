package dev.realalign.evaluation.statistics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import java.util.function.ToDoubleFunction;
import org.junit.jupiter.api.Test;

class ResamplingTest {
    private static final Resampling RESAMPLING = new Resampling(7, 2000);

    private static double[] normals(int count, long seed) {
        Random random = new Random(seed);
        double[] values = new double[count];
        Arrays.setAll(values, i -> random.nextGaussian());
        return values;
    }

    private static ToDoubleFunction<int[]> meanOf(double[] values) {
        return rows -> Arrays.stream(rows).mapToDouble(i -> values[i]).average().orElseThrow();
    }

    @Test
    void both_intervals_of_a_mean_are_as_wide_as_theory_says() {
        double[] values = normals(400, 1);
        double expected = 2 * 1.96 / Math.sqrt(400);
        Interval bootstrap = RESAMPLING.bootstrap(400, meanOf(values));
        Interval halves = RESAMPLING.halves(400, meanOf(values));
        assertThat(bootstrap.high() - bootstrap.low()).isCloseTo(expected, within(0.03));
        assertThat(halves.high() - halves.low()).isCloseTo(expected, within(0.03));
        assertThat(bootstrap.value()).isEqualTo(halves.value());
    }

    /** Of 200 samples of known mean about 5 % miss it; 2 to 9 % is what chance allows. */
    @Test
    void nineteen_of_twenty_bootstrap_intervals_hold_the_truth() {
        int missed = 0;
        for (int sample = 0; sample < 200; sample++) {
            Interval interval = new Resampling(sample, 400).bootstrap(60, meanOf(normals(60, 1000 + sample)));
            missed += interval.isAbove(0) || interval.isBelow(0) ? 1 : 0;
        }
        assertThat(missed).isBetween(4, 20);
    }

    @Test
    void the_same_seed_gives_the_same_interval() {
        double[] values = normals(50, 2);
        assertThat(RESAMPLING.bootstrap(50, meanOf(values))).isEqualTo(RESAMPLING.bootstrap(50, meanOf(values)));
        assertThat(RESAMPLING.halves(50, meanOf(values))).isEqualTo(RESAMPLING.halves(50, meanOf(values)));
    }

    @Test
    void equal_items_have_an_interval_of_no_width() {
        assertThat(RESAMPLING.bootstrap(9, rows -> 0)).isEqualTo(new Interval(0, 0, 0));
    }

    @Test
    void a_half_holds_no_item_twice() {
        RESAMPLING.halves(11, rows -> {
            Set<Integer> distinct = new HashSet<>();
            Arrays.stream(rows).forEach(distinct::add);
            assertThat(distinct).hasSize(rows.length);
            return rows.length;
        });
    }

    @Test
    void three_items_have_no_halves() {
        assertThatThrownBy(() -> RESAMPLING.halves(3, rows -> 0))
                .hasMessage("halves can be drawn of 4 items or more, not of 3");
        assertThatThrownBy(() -> new Resampling(0, 1)).hasMessage("resampling takes at least 2 rounds, not 1");
    }
}
