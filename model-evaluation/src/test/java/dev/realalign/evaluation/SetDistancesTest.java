package dev.realalign.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.realalign.evaluation.statistics.Interval;
import dev.realalign.evaluation.statistics.Resampling;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SetDistancesTest {
    private static final Resampling RESAMPLING = new Resampling(1, 100);

    private static double[][] normals(int count, long seed, double shift) {
        Random random = new Random(seed);
        double[][] rows = new double[count][4];
        for (double[] row : rows) {
            for (int d = 0; d < row.length; d++) {
                row[d] = random.nextGaussian() + shift;
            }
        }
        return rows;
    }

    @Test
    void equal_pictures_make_no_difference_at_all() {
        double[][] drawn = normals(64, 3, 0.5);
        SetDistances distances =
                SetDistances.of(normals(64, 1, 0), normals(64, 2, 0), List.of(drawn, drawn), RESAMPLING);
        SetDistances.AdapterDistance adapter = distances.adapters().get(0);
        assertThat(adapter.kernelDifference()).isEqualTo(new Interval(0, 0, 0));
        assertThat(adapter.frechetDifference()).isEqualTo(new Interval(0, 0, 0));
        assertThat(adapter.distance()).isEqualTo(distances.base());
    }

    @Test
    void a_shifted_set_lies_above_the_floor_and_a_far_one_above_that() {
        SetDistances distances = SetDistances.of(
                normals(64, 1, 0), normals(64, 2, 0), List.of(normals(64, 3, 0.7), normals(64, 3, 1.4)), RESAMPLING);
        assertThat(distances.floor().kernel().low()).isLessThan(0);
        assertThat(distances.base().kernel().isAbove(distances.floor().kernel().high()))
                .isTrue();
        assertThat(distances.adapters().get(0).kernelDifference().isAbove(0)).isTrue();
        assertThat(distances.adapters().get(0).frechetDifference())
                .satisfies(difference -> assertThat(difference).isNotNull());
    }

    @Test
    void a_covariance_needs_more_pictures_than_features() {
        SetDistances distances =
                SetDistances.of(wide(20, 1), wide(20, 2), List.of(wide(20, 3), wide(20, 4)), RESAMPLING);
        assertThat(distances.floor().frechet()).isNull();
        assertThat(distances.adapters().get(0).frechetDifference()).isNull();
    }

    private static double[][] wide(int count, long seed) {
        Random random = new Random(seed);
        double[][] rows = new double[count][10];
        for (double[] row : rows) {
            for (int d = 0; d < row.length; d++) {
                row[d] = random.nextGaussian();
            }
        }
        return rows;
    }

    @Test
    void too_few_pictures_are_refused() {
        assertThatThrownBy(() -> SetDistances.of(
                        normals(15, 1, 0),
                        normals(15, 2, 0),
                        List.of(normals(15, 3, 0), normals(15, 4, 0)),
                        RESAMPLING))
                .hasMessage("distances take at least 16 pictures a set, not 15");
    }
}
