package dev.realalign.curator.negative;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PixelsTest {

    @ParameterizedTest
    @ValueSource(
            doubles = {
                0,
                -0.0,
                -0.5,
                -0.51,
                -1e300,
                0.5,
                0.49999999999999994,
                1.4999999999999998,
                1.5,
                2.5,
                127.49999999999999,
                127.5,
                254.49999999999997,
                254.5,
                255,
                255.5,
                256,
                1e300,
                Double.NaN,
                Double.POSITIVE_INFINITY,
                Double.NEGATIVE_INFINITY
            })
    void a_level_is_what_math_round_makes_of_a_value(double value) {
        assertThat(Pixels.level(value)).isEqualTo(byMathRound(value));
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2})
    void a_level_is_what_math_round_makes_of_any_value(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 0; i < 100_000; i++) {
            double half = random.nextInt(-300, 600) / 2.0;
            double value = random.nextBoolean() ? Math.nextUp(half) : Math.nextDown(half);
            assertThat(Pixels.level(value)).as("level of %s", value).isEqualTo(byMathRound(value));
        }
    }

    private static byte byMathRound(double value) {
        return (byte) Math.max(0, Math.min(255, Math.round(value)));
    }
}
