package dev.realalign.trainer.learn;

import static org.assertj.core.api.Assertions.assertThat;

import dev.realalign.trainer.triple.TrainingPair;
import java.util.List;
import org.junit.jupiter.api.Test;

class ReferenceErrorsTest {
    private final ReferenceErrors errors = new ReferenceErrors();
    private int measured;

    private double of(String reference, int slot, List<TrainingPair> pairs) {
        double[] known = errors.of(reference, slot, pairs);
        if (known == null) {
            known = new double[] {++measured};
            errors.keep(slot, pairs, known);
        }
        return known[0];
    }

    @Test
    void a_batch_is_measured_once_for_a_reference_and_a_slot() {
        List<TrainingPair> pairs = TinyPhoto.pairs(0, 3);
        assertThat(of("a", 0, pairs)).isEqualTo(1);
        assertThat(of("a", 0, TinyPhoto.pairs(0, 3))).as("the same contents").isEqualTo(1);
        assertThat(of("a", 1, pairs)).as("another slot").isEqualTo(2);
        assertThat(of("a", 0, pairs.subList(0, 2))).as("another batch").isEqualTo(3);
        assertThat(of("b", 0, pairs)).as("another reference").isEqualTo(4);
        assertThat(of("a", 0, pairs)).as("forgotten with it").isEqualTo(5);
    }
}
