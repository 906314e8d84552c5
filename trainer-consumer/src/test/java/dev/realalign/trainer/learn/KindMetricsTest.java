package dev.realalign.trainer.learn;

import static org.assertj.core.api.Assertions.assertThat;

import dev.realalign.trainer.objective.PairErrors;
import dev.realalign.trainer.objective.PairGradient;
import java.util.List;
import java.util.SortedMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class KindMetricsTest {
    private static PairErrors errors(double mW, double mL) {
        return new PairErrors(1, mW, mL, 1, 2, 0, 0, 0, 1);
    }

    private static PairGradient gradient(double lambda, double factor) {
        return new PairGradient(0, 0, 0, 0, 0, lambda, factor);
    }

    @Test
    void each_kind_has_the_means_of_its_own_pairs() {
        SortedMap<String, KindMetrics> byKind = KindMetrics.byKind(
                List.of("WARP", "BLUR", "WARP"),
                List.of(errors(0.5, 2), errors(1, 2), errors(1.5, 3)),
                List.of(gradient(1, 0.5), gradient(0, 0.25), gradient(0.5, 0.25)));
        assertThat(byKind)
                .containsOnlyKeys("BLUR", "WARP")
                // one tie; one pair told apart by 0.5, one by 0.5
                .containsEntry("BLUR", new KindMetrics(1, 1, 2, 1, 2, 0.5, 0.25, 0))
                .containsEntry("WARP", new KindMetrics(2, 1, 2.5, 1, 2, 1, 0.375, 0.75));
        assertThat(byKind.get("WARP")).isNotNull().satisfies(warp -> assertThat(warp.named("w."))
                .containsEntry("w.pairs", 2.0)
                .containsEntry("w.d_w", 0.0)
                .containsEntry("w.d_l", 0.5)
                .containsEntry("w.margin", 0.5)
                .containsEntry("w.lambda", 0.75)
                .hasSize(12));
    }

    @Test
    void without_gradients_nothing_is_said_of_them() {
        KindMetrics blur = KindMetrics.byKind(List.of("BLUR"), List.of(errors(1, 1)), List.of())
                .get("BLUR");
        assertThat(blur).isNotNull().satisfies(kind -> assertThat(kind.named(""))
                .doesNotContainKeys("gradient_factor", "lambda")
                .hasSize(10));
    }

    @Test
    void more_kinds_than_a_report_can_hold_count_together() {
        List<String> kinds =
                IntStream.range(0, 20).mapToObj(i -> "KIND_%02d".formatted(i)).toList();
        List<PairErrors> errors =
                IntStream.range(0, 20).mapToObj(i -> errors(1, 1)).toList();
        SortedMap<String, KindMetrics> byKind = KindMetrics.byKind(kinds, errors, List.of());
        assertThat(byKind).hasSize(KindMetrics.MOST_KINDS + 1).containsKeys("KIND_15", KindMetrics.OTHERS);
        assertThat(byKind.get(KindMetrics.OTHERS)).isNotNull().satisfies(others -> assertThat(others.pairs())
                .isEqualTo(4));
    }
}
