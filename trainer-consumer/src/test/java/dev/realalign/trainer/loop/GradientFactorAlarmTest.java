package dev.realalign.trainer.loop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.realalign.diffusion.schedule.PredictionType;
import dev.realalign.schemas.Measures;
import dev.realalign.trainer.objective.PairErrors;
import dev.realalign.trainer.objective.PairLoss;
import dev.realalign.trainer.stage.ObjectiveChoice;
import dev.realalign.trainer.stage.ObjectiveChoice.Kind;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What a small gradient factor means is the objective's to say: most rest at their goal, dpo and spin never should. */
class GradientFactorAlarmTest {
    /** Policy as the reference, which is where training begins. */
    private static final PairErrors START = errors(1, 1);

    /** Told apart by far: d_w = -0.5, d_l = 1, a margin of 1.5. */
    private static final PairErrors APART = errors(0.5, 2);

    /** Told apart by far, the wrong way round. */
    private static final PairErrors WRONG = errors(2, 0.5);

    private static PairErrors errors(double preferred, double rejected) {
        return new PairErrors(1, preferred, rejected, 1, 1, 0, 0, 0, 1);
    }

    static Stream<Arguments> batches() {
        return Stream.of(
                Arguments.of("dpo where it begins", Kind.DPO, 2000, START, 0.5, ""),
                Arguments.of("dpo that still learns", Kind.DPO, 2, APART, 0.1824, ""),
                Arguments.of("dpo whose pairs are saturated", Kind.DPO, 2000, APART, 0, "GRADIENT_FACTOR"),
                Arguments.of("dpo that learned the wrong way round", Kind.DPO, 2000, WRONG, 1, ""),
                Arguments.of("spin whose samples are told apart at once", Kind.SPIN, 2000, APART, 0, "GRADIENT_FACTOR"),
                Arguments.of("ipo at the margin it aims at", Kind.IPO, 2 / 3.0, APART, 0, ""),
                Arguments.of("hinge whose margins are wide enough", Kind.HINGE, 2000, APART, 0, ""),
                Arguments.of("dro whose margins are wide enough", Kind.DRO, 0, APART, 0, ""),
                Arguments.of("kto whose images are all told apart", Kind.KTO, 1000, APART, 0, ""),
                Arguments.of("mapo with easy negatives, whose real images still pull", Kind.MAPO, 0, APART, 0, ""),
                Arguments.of("sft, which always pulls alike", Kind.SFT, 0, APART, 1, ""));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("batches")
    void an_alarm_is_raised_only_where_the_objective_calls_a_small_factor_one(
            String what, Kind kind, double beta, PairErrors pair, double factor, String alarm) {
        ObjectiveChoice choice = ObjectiveChoice.of(kind, beta);
        double mean = choice.objective(PredictionType.EPSILON).evaluate(List.of(pair, pair)).stream()
                .mapToDouble(PairLoss::factor)
                .average()
                .orElseThrow();
        assertThat(mean).isCloseTo(factor, within(1e-4));
        Map<String, Double> metrics = new TreeMap<>(Map.of(Measures.GRADIENT_FACTOR, mean));
        choice.factorMinimum(PredictionType.EPSILON)
                .ifPresent(least -> metrics.put(Measures.GRADIENT_FACTOR_MINIMUM, least));

        assertThat(AlarmRules.judge(metrics, Optional.empty())
                        .map(raised -> raised.kind().name())
                        .orElse(""))
                .isEqualTo(alarm);
    }

    @Test
    void dpo_and_spin_alone_declare_a_least_factor() {
        Set<Kind> declaring = EnumSet.allOf(Kind.class).stream()
                .filter(kind -> ObjectiveChoice.of(kind, 2000)
                        .factorMinimum(PredictionType.FLOW)
                        .isPresent())
                .collect(Collectors.toSet());

        assertThat(declaring).containsExactlyInAnyOrder(Kind.DPO, Kind.SPIN);
    }
}
