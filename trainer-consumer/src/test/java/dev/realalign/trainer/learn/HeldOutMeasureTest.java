package dev.realalign.trainer.learn;

import static org.assertj.core.api.Assertions.assertThat;

import dev.realalign.schemas.HeldOutErrors;
import dev.realalign.schemas.Measures;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

class HeldOutMeasureTest {
    private static final Offset<Double> EXACT = Offset.offset(1e-12);

    private static HeldOutMeasure measure(int pairs, double mW) {
        return new HeldOutMeasure(pairs, mW, 2, 1, 2, 0.5, HeldOutErrors.of(List.of()), Collections.emptySortedMap());
    }

    @Test
    void drift_is_an_average_over_candidates_and_counts_the_steps_between_them() {
        Map<String, Double> first = new HashMap<>(measure(32, 1.0).named());
        first.putAll(measure(32, 1.0).drift(Map.of(), 16));
        assertThat(first.get(Measures.HELD_OUT_DRIFT)).isEqualTo(0.0);
        assertThat(first.get(Measures.HELD_OUT_DRIFT_STEPS)).isEqualTo(0.0);

        Map<String, Double> second = measure(32, 1.1).drift(first, 16);
        assertThat(second.get(Measures.HELD_OUT_DRIFT)).isCloseTo(0.2 * 0.1, EXACT);
        assertThat(second.get(Measures.HELD_OUT_DRIFT_STEPS)).isEqualTo(16.0);
    }

    @Test
    void a_held_out_set_that_grew_begins_the_average_anew() {
        Map<String, Double> before = new HashMap<>(measure(31, 1.0).named());
        before.putAll(measure(31, 1.0).drift(Map.of(), 16));
        Map<String, Double> after = measure(32, 1.1).drift(before, 16);
        assertThat(after.get(Measures.HELD_OUT_DRIFT)).isCloseTo(0.1, EXACT);
        assertThat(after.get(Measures.HELD_OUT_DRIFT_STEPS)).isEqualTo(0.0);
    }
}
