package dev.realalign.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.realalign.evaluation.statistics.Resampling;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** The measures of a comparison, on errors written down by hand. */
class ErrorComparisonTest {
    private static final List<DenoisingMeter.Band> BANDS =
            List.of(new DenoisingMeter.Band(0, 499), new DenoisingMeter.Band(500, 999));

    /** Two bands; base first, adapter second. */
    private static ImageErrors image(double[][] real, double[][] blurred) {
        return new ImageErrors(real, new TreeMap<>(Map.of("BLUR", blurred)));
    }

    private static final List<ImageErrors> ERRORS = List.of(
            image(new double[][] {{1, 2}, {0.5, 2}}, new double[][] {{3, 4}, {3, 5}}),
            image(new double[][] {{2, 3}, {2, 2}}, new double[][] {{1, 1}, {1, 0}}));

    private static final ErrorComparison COMPARISON = ErrorComparison.of(ERRORS, 1, BANDS, new Resampling(1, 100));

    @Test
    void errors_are_means_over_bands_and_pictures() {
        assertThat(COMPARISON.pictures()).isEqualTo(2);
        assertThat(COMPARISON.base()).isEqualTo((1 + 2 + 2 + 3) / 4.0);
        assertThat(COMPARISON.adapter()).isEqualTo((0.5 + 2 + 2 + 2) / 4.0);
        assertThat(COMPARISON.difference().value()).isEqualTo(-0.375);
        assertThat(COMPARISON.ratio().value()).isCloseTo(1.625 / 2, within(1e-15));
        assertThat(COMPARISON.verdict()).isEqualTo(Verdict.BETTER);
    }

    @Test
    void the_difference_lies_between_those_of_the_single_pictures() {
        assertThat(COMPARISON.difference().low()).isEqualTo(-0.5);
        assertThat(COMPARISON.difference().high()).isEqualTo(-0.25);
    }

    @Test
    void bands_are_compared_one_by_one() {
        assertThat(COMPARISON.bands().get(0).difference().value()).isEqualTo(-0.25);
        assertThat(COMPARISON.bands().get(1).difference().value()).isEqualTo(-0.5);
        assertThat(COMPARISON.bands().get(1).fromTimestep()).isEqualTo(500);
    }

    @Test
    void kinds_show_both_halves_and_ties_count_half() {
        assertThat(COMPARISON.kinds()).singleElement().satisfies(kind -> {
            assertThat(kind.kind()).isEqualTo("BLUR");
            assertThat(kind.dW()).isEqualTo(-0.375);
            assertThat(kind.dL()).isEqualTo(0);
            assertThat(kind.mL()).isEqualTo((3 + 5 + 1 + 0) / 4.0);
            assertThat(kind.margin().value()).isEqualTo(0.375);
            // margins by picture and band: 0.5, 1, 0, 0
            assertThat(kind.implicitAccuracy().value()).isEqualTo((1 + 1 + 0.5 + 0.5) / 4);
        });
    }

    @Test
    void a_picture_without_a_kind_is_left_out_of_that_kind() {
        List<ImageErrors> errors =
                List.of(ERRORS.get(0), new ImageErrors(ERRORS.get(1).real(), new TreeMap<>()));
        ErrorComparison comparison = ErrorComparison.of(errors, 1, BANDS, new Resampling(1, 100));
        assertThat(comparison.pictures()).isEqualTo(2);
        assertThat(comparison.kinds()).singleElement().satisfies(kind -> {
            assertThat(kind.pictures()).isEqualTo(1);
            assertThat(kind.mW()).isEqualTo(1.25);
        });
    }
}
