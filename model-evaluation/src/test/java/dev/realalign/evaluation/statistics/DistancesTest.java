package dev.realalign.evaluation.statistics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.Objects;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Distances against numbers that numpy computed from other formulas (distances.json says which). */
class DistancesTest {
    private static final double[][] X = features(0.7, 0.1);
    private static final double[][] Y = features(1.3, 0.25);
    private static final int[] ALL = IntStream.range(0, 12).toArray();

    private static double[][] features(double a, double b) {
        double[][] rows = new double[12][3];
        for (int i = 0; i < 12; i++) {
            for (int k = 0; k < 3; k++) {
                rows[i][k] = Math.sin(a * (i + 1) * (k + 2)) + b * k;
            }
        }
        return rows;
    }

    private static JsonNode golden() throws IOException {
        try (InputStream in = DistancesTest.class.getResourceAsStream("distances.json")) {
            return new JsonMapper().readTree(Objects.requireNonNull(in));
        }
    }

    private static int[] goldenRows() throws IOException {
        return new JsonMapper().convertValue(golden().get("rows"), int[].class);
    }

    @Test
    void the_kernel_distance_is_the_one_of_numpy() throws IOException {
        KernelDistance distance = new KernelDistance(X, Y);
        assertThat(distance.of(ALL)).isCloseTo(golden().get("kernelDistance").asDouble(), within(1e-12));
        assertThat(distance.of(goldenRows()))
                .isCloseTo(golden().get("kernelDistanceOfRows").asDouble(), within(1e-12));
    }

    @Test
    void the_frechet_distance_is_the_one_of_numpy() throws IOException {
        assertThat(FrechetDistance.of(X, Y, ALL))
                .isCloseTo(golden().get("frechetDistance").asDouble(), within(1e-9));
        assertThat(FrechetDistance.of(X, Y, goldenRows()))
                .isCloseTo(golden().get("frechetDistanceOfRows").asDouble(), within(1e-9));
    }

    @Test
    void a_set_is_at_frechet_distance_zero_from_itself() {
        assertThat(FrechetDistance.of(X, X, ALL)).isCloseTo(0, within(1e-9));
    }

    @Test
    void the_kernel_distance_is_the_same_from_both_sides() {
        assertThat(new KernelDistance(X, Y).of(ALL)).isCloseTo(new KernelDistance(Y, X).of(ALL), within(1e-12));
    }

    @Test
    void sets_of_different_sizes_are_refused() {
        assertThatThrownBy(() -> new KernelDistance(X, new double[][] {{1, 2, 3}}))
                .hasMessage("a kernel distance takes two sets of the same size, at least 2, not of 12 and 1");
    }

    @Test
    void the_root_of_a_matrix_times_itself_is_the_matrix() {
        double[][] matrix = {{4, 1, 0.5}, {1, 3, -0.25}, {0.5, -0.25, 2}};
        double[][] root = SymmetricMatrix.root(matrix);
        double[][] product = SymmetricMatrix.product(root, root);
        for (int i = 0; i < 3; i++) {
            assertThat(product[i]).containsExactly(matrix[i], within(1e-12));
        }
    }

    @Test
    void eigenvalues_of_a_known_matrix() {
        double[] values = SymmetricMatrix.eigenvalues(new double[][] {{2, 1}, {1, 2}});
        assertThat(Arrays.stream(values).sorted().toArray()).containsExactly(new double[] {1, 3}, within(1e-14));
    }
}
