package dev.realalign.trainer.loop;

import static org.assertj.core.api.Assertions.assertThat;

import dev.realalign.schemas.HeldOutErrors;
import dev.realalign.schemas.Measures;
import dev.realalign.trainer.triple.Triples;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class AlarmRulesTest {
    static Stream<Arguments> bounds() {
        return Stream.of(
                Arguments.of("the ratio at its bound", Map.of(Measures.HELD_OUT_PREFERRED_RATIO, 1.1), ""),
                Arguments.of("the ratio above it", Map.of(Measures.HELD_OUT_PREFERRED_RATIO, 1.1001), "HELD_OUT_RATIO"),
                Arguments.of(
                        "drift over too few steps",
                        Map.of(Measures.HELD_OUT_DRIFT, 0.5, Measures.HELD_OUT_DRIFT_STEPS, 199.0),
                        ""),
                Arguments.of("drift over nobody knows how many", Map.of(Measures.HELD_OUT_DRIFT, 0.5), ""),
                Arguments.of(
                        "drift over enough steps",
                        Map.of(Measures.HELD_OUT_DRIFT, 0.011, Measures.HELD_OUT_DRIFT_STEPS, 200.0),
                        "HELD_OUT_DRIFT"),
                Arguments.of(
                        "drift at its bound",
                        Map.of(Measures.HELD_OUT_DRIFT, 0.01, Measures.HELD_OUT_DRIFT_STEPS, 200.0),
                        ""),
                Arguments.of("the ratio in training at its bound", Map.of("m_w", 0.55, "r_w", 0.5), ""),
                Arguments.of("the ratio in training above it", Map.of("m_w", 0.56, "r_w", 0.5), "TRAINING_RATIO"),
                Arguments.of("no reference in training", Map.of("m_w", 0.56), ""),
                Arguments.of(
                        "the factor at its bound",
                        Map.of(Measures.GRADIENT_FACTOR, 0.02, Measures.GRADIENT_FACTOR_MINIMUM, 0.02),
                        ""),
                Arguments.of(
                        "the factor below it",
                        Map.of(Measures.GRADIENT_FACTOR, 0.0199, Measures.GRADIENT_FACTOR_MINIMUM, 0.02),
                        "GRADIENT_FACTOR"),
                Arguments.of("a factor without a bound", Map.of(Measures.GRADIENT_FACTOR, 0.0), ""),
                Arguments.of("nothing measured", Map.of(), ""));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("bounds")
    void bounds_are_those_of_the_publisher(String what, Map<String, Double> metrics, String expected) {
        assertThat(AlarmRules.judge(metrics, Optional.empty())
                        .map(alarm -> alarm.kind().name())
                        .orElse(""))
                .isEqualTo(expected);
    }

    @Test
    void the_third_step_in_a_row_that_is_not_finite_raises_an_alarm() {
        assertThat(AlarmRules.judge(2)).isEmpty();
        assertThat(AlarmRules.judge(3))
                .contains(
                        new Alarm(Alarm.Kind.NOT_FINITE, "3 steps in a row had no finite loss or no finite gradient"));
    }

    @Test
    void one_held_out_error_that_is_not_finite_is_enough() {
        HeldOutErrors errors = HeldOutErrors.of(List.of(
                new HeldOutErrors.Measurement(Triples.imageId(1), 0, 500, 1, 1, 1, 1),
                new HeldOutErrors.Measurement(Triples.imageId(2), 0, 500, Double.NaN, 1, 1, 1)));
        assertThat(AlarmRules.judge(Map.of(), Optional.of(errors)))
                .contains(new Alarm(Alarm.Kind.NOT_FINITE, "1 errors on held-out images are not finite numbers"));
    }
}
