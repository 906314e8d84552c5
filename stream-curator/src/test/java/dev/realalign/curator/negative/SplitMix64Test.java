package dev.realalign.curator.negative;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SplitMix64Test {

    @ParameterizedTest
    @ValueSource(longs = {0, 1, -1, 1234567, Long.MIN_VALUE})
    void the_sequence_is_the_published_one(long seed) {
        SplittableRandom published = new SplittableRandom(seed);
        SplitMix64 ours = new SplitMix64(seed);
        for (int i = 0; i < 100; i++) {
            assertThat(ours.nextLong()).isEqualTo(published.nextLong());
        }
    }

    @Test
    void the_first_number_of_seed_1234567_is_the_one_of_the_reference_program() {
        assertThat(new SplitMix64(1234567).nextLong()).isEqualTo(6457827717110365317L);
    }

    @Test
    void the_seed_of_an_image_depends_on_the_id_and_the_run() {
        String id = "a".repeat(64);

        assertThat(SplitMix64.seedOf(id, 0)).isEqualTo(SplitMix64.seedOf(id, 0));
        assertThat(SplitMix64.seedOf(id, 0)).isNotEqualTo(SplitMix64.seedOf(id, 1));
        assertThat(SplitMix64.seedOf(id, 0)).isNotEqualTo(SplitMix64.seedOf("b".repeat(64), 0));
    }

    @Test
    void normal_numbers_have_mean_0_and_deviation_1() {
        SplitMix64 random = new SplitMix64(42);
        int count = 1_000_000;
        double sum = 0;
        double squares = 0;
        double largest = 0;
        for (int i = 0; i < count; i++) {
            double value = random.nextNormal();
            sum += value;
            squares += value * value;
            largest = Math.max(largest, Math.abs(value));
        }

        assertThat(sum / count).isBetween(-0.005, 0.005);
        assertThat(squares / count).isBetween(0.993, 1.007);
        assertThat(largest).isBetween(3.3, 3.4642);
    }

    @Test
    void uniform_numbers_stay_within_their_bounds() {
        SplitMix64 random = new SplitMix64(3);
        int[] counts = new int[7];
        for (int i = 0; i < 70_000; i++) {
            counts[random.nextInt(7)]++;
            assertThat(random.between(2, 3)).isGreaterThanOrEqualTo(2).isLessThan(3);
        }

        for (int count : counts) {
            assertThat(count).isBetween(9_500, 10_500);
        }
    }
}
