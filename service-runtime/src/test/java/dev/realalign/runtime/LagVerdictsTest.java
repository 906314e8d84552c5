package dev.realalign.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.realalign.runtime.LagVerdicts.Point;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Simulated histories, a sample every 10 s, judged over a window of 60 s. */
class LagVerdictsTest {
    private static final Duration WINDOW = Duration.ofSeconds(60);
    private static final long NONE = -1;

    /** Committed and end offset of each sample; the owner of the last. */
    private static List<Point> history(boolean owned, long[]... samples) {
        List<Point> points = new ArrayList<>();
        for (int i = 0; i < samples.length; i++) {
            long committed = samples[i][0];
            points.add(new Point(
                    Instant.ofEpochSecond(i * 10L),
                    committed == NONE ? OptionalLong.empty() : OptionalLong.of(committed),
                    committed == NONE ? OptionalLong.empty() : OptionalLong.of(samples[i][1] - committed),
                    owned));
        }
        return points;
    }

    private static long[] at(long committed, long end) {
        return new long[] {committed, end};
    }

    static Stream<Arguments> histories() {
        return Stream.of(
                Arguments.of(
                        "nothing was ever committed", history(true, at(NONE, 5), at(NONE, 9)), LagStatus.NO_COMMIT),
                Arguments.of("no lag at the first look", history(false, at(5, 5)), LagStatus.OK),
                Arguments.of(
                        "idle for ever without lag, nobody there",
                        history(false, at(5, 5), at(5, 5), at(5, 5), at(5, 5), at(5, 5), at(5, 5), at(5, 5), at(5, 5)),
                        LagStatus.OK),
                Arguments.of("one look at a lag", history(true, at(5, 9)), LagStatus.UNKNOWN),
                Arguments.of(
                        "a lag that has not moved for less than the window",
                        history(false, at(5, 9), at(5, 9), at(5, 9), at(5, 9), at(5, 9), at(5, 9)),
                        LagStatus.UNKNOWN),
                Arguments.of(
                        "a lag that has not moved for the window, a member there",
                        history(true, at(5, 9), at(5, 9), at(5, 9), at(5, 12), at(5, 12), at(5, 12), at(5, 12)),
                        LagStatus.STALLED),
                Arguments.of(
                        "a lag that has not moved for the window, nobody there",
                        history(false, at(5, 9), at(5, 9), at(5, 9), at(5, 12), at(5, 12), at(5, 12), at(5, 12)),
                        LagStatus.STOPPED),
                Arguments.of(
                        "nobody there, and silent for longer than it was active, though its lag fell then",
                        history(false, at(1, 9), at(3, 9), at(5, 9), at(5, 9), at(5, 9), at(5, 9), at(5, 9)),
                        LagStatus.STOPPED),
                Arguments.of(
                        "nobody there, but active until half of the window: not yet",
                        history(false, at(1, 9), at(3, 9), at(4, 9), at(5, 9), at(5, 9), at(5, 9), at(5, 9)),
                        LagStatus.OK),
                Arguments.of(
                        "records come after a long idle time: there was no lag within the window",
                        history(false, at(5, 5), at(5, 5), at(5, 5), at(5, 5), at(5, 5), at(5, 5), at(5, 9)),
                        LagStatus.OK),
                Arguments.of(
                        "it reads, but slower than records come",
                        history(true, at(1, 9), at(2, 12), at(3, 15), at(4, 18), at(5, 21), at(6, 24), at(7, 27)),
                        LagStatus.WARNING),
                Arguments.of(
                        "it reads as fast as records come, and stays as far behind",
                        history(true, at(1, 9), at(2, 10), at(3, 11), at(4, 12), at(5, 13), at(6, 14), at(7, 15)),
                        LagStatus.WARNING),
                Arguments.of(
                        "a slow group watched for less than the window",
                        history(true, at(1, 9), at(2, 12), at(3, 15)),
                        LagStatus.UNKNOWN),
                Arguments.of(
                        "it catches up, watched for less than the window",
                        history(true, at(1, 9), at(5, 10)),
                        LagStatus.OK),
                Arguments.of(
                        "bursts: the lag falls at samples without a commit of its own, but each commit finds a larger one",
                        history(true, at(0, 10), at(0, 20), at(10, 30), at(10, 40), at(20, 50), at(20, 60), at(30, 70)),
                        LagStatus.WARNING),
                Arguments.of(
                        "its offset went back",
                        history(true, at(8, 9), at(8, 9), at(2, 9), at(3, 9)),
                        LagStatus.REWIND),
                Arguments.of(
                        "its offset went back from no lag at all",
                        history(true, at(9, 9), at(9, 9), at(2, 9)),
                        LagStatus.REWIND),
                Arguments.of(
                        "its offset went back and has come back",
                        history(true, at(8, 9), at(2, 9), at(8, 10)),
                        LagStatus.OK),
                Arguments.of(
                        "its offset went back with the topic, which is empty now",
                        history(true, at(8, 9), at(0, 0)),
                        LagStatus.OK),
                Arguments.of(
                        "it began within the window and has not moved since",
                        history(true, at(NONE, 9), at(NONE, 9), at(0, 9), at(0, 9), at(0, 9), at(0, 9), at(0, 9)),
                        LagStatus.UNKNOWN));
    }

    @ParameterizedTest(name = "{0}: {2}")
    @MethodSource("histories")
    void the_verdict_follows_from_the_history(String situation, List<Point> history, LagStatus status) {
        assertThat(LagVerdicts.status(history, WINDOW)).isEqualTo(status);
    }

    static Stream<Arguments> trends() {
        OptionalDouble none = OptionalDouble.empty();
        return Stream.of(
                Arguments.of("one sample", history(true, at(0, 9)), LagTrend.UNKNOWN, none, none),
                Arguments.of("no commit", history(true, at(NONE, 9), at(NONE, 9)), LagTrend.UNKNOWN, none, none),
                Arguments.of(
                        "ten records more every 10 s",
                        history(true, at(0, 10), at(0, 20), at(0, 30)),
                        LagTrend.GROWING,
                        OptionalDouble.of(1),
                        none),
                Arguments.of(
                        "twenty records less every 10 s",
                        history(true, at(0, 100), at(20, 100), at(40, 100)),
                        LagTrend.SHRINKING,
                        OptionalDouble.of(-2),
                        OptionalDouble.of(30)),
                Arguments.of(
                        "caught up",
                        history(true, at(0, 20), at(10, 20), at(20, 20)),
                        LagTrend.SHRINKING,
                        OptionalDouble.of(-1),
                        OptionalDouble.of(0)),
                Arguments.of(
                        "a tremor of 4 records in 100",
                        history(true, at(0, 100), at(4, 100)),
                        LagTrend.STEADY,
                        OptionalDouble.of(-0.4),
                        none),
                Arguments.of(
                        "always the same",
                        history(true, at(0, 7), at(0, 7), at(0, 7)),
                        LagTrend.STEADY,
                        OptionalDouble.of(0),
                        none));
    }

    @ParameterizedTest(name = "{0}: {2}")
    @MethodSource("trends")
    void the_trend_is_a_line_through_the_samples(
            String situation, List<Point> history, LagTrend trend, OptionalDouble slope, OptionalDouble catchUp) {
        Point now = history.get(history.size() - 1);
        PartitionLag lag = new PartitionLag(
                "g",
                "t",
                0,
                now.committed(),
                0,
                now.records(),
                OptionalDouble.empty(),
                PartitionLag.SecondsFrom.UNKNOWN,
                Optional.empty());

        LagEvaluation found = LagVerdicts.evaluate(lag, history, WINDOW);

        assertThat(found.trend()).isEqualTo(trend);
        assertThat(found.slope().isPresent()).isEqualTo(slope.isPresent());
        assertThat(found.slope().orElse(0)).isCloseTo(slope.orElse(0), within(1e-9));
        assertThat(found.secondsToCatchUp().isPresent()).isEqualTo(catchUp.isPresent());
        assertThat(found.secondsToCatchUp().orElse(0)).isCloseTo(catchUp.orElse(0), within(1e-9));
    }

    @Test
    void the_worst_status_is_the_one_to_act_on_first() {
        assertThat(Stream.of(LagStatus.OK, LagStatus.STOPPED, LagStatus.WARNING).reduce(LagStatus.OK, LagStatus::worse))
                .isEqualTo(LagStatus.STOPPED);
        assertThat(LagStatus.REWIND.isError()).isTrue();
        assertThat(LagStatus.WARNING.isError()).isFalse();
    }
}
