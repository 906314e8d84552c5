package dev.realalign.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.realalign.runtime.PartitionLag.Owner;
import dev.realalign.runtime.PartitionLag.SecondsFrom;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class LagHistoryTest {
    private static final Owner OWNER = new Owner("m-1", "reader", "host-a");

    private final LagHistory history = new LagHistory(Duration.ofSeconds(60));

    private static PartitionLag lag(int partition, long committed, long end) {
        return new PartitionLag(
                "g",
                "t",
                partition,
                OptionalLong.of(committed),
                end,
                OptionalLong.of(end - committed),
                OptionalDouble.empty(),
                SecondsFrom.UNKNOWN,
                Optional.of(OWNER));
    }

    private LagStatus status(long second, long committed, long end) {
        return history.add(Instant.ofEpochSecond(second), List.of(lag(0, committed, end)))
                .get(0)
                .status();
    }

    @Test
    void a_partition_stalls_after_the_window_and_recovers_with_its_first_smaller_lag() {
        assertThat(status(0, 5, 9)).isEqualTo(LagStatus.UNKNOWN);
        assertThat(status(59, 5, 9)).isEqualTo(LagStatus.UNKNOWN);
        assertThat(status(60, 5, 9)).isEqualTo(LagStatus.STALLED);
        assertThat(status(65, 7, 9)).isEqualTo(LagStatus.OK);
        assertThat(status(70, 9, 9)).isEqualTo(LagStatus.OK);
        assertThat(status(75, 9, 12)).as("the lag was zero within the window").isEqualTo(LagStatus.OK);
        assertThat(status(136, 9, 12)).isEqualTo(LagStatus.STALLED);
    }

    @Test
    void a_rewind_is_forgotten_with_the_window() {
        assertThat(status(0, 8, 9)).isEqualTo(LagStatus.UNKNOWN);
        assertThat(status(10, 2, 9)).isEqualTo(LagStatus.REWIND);
        assertThat(status(70, 3, 9)).isEqualTo(LagStatus.OK);
    }

    @Test
    void partitions_are_judged_apart_and_one_that_is_sampled_no_more_is_forgotten() {
        history.add(Instant.ofEpochSecond(0), List.of(lag(0, 5, 9), lag(1, 5, 9)));
        history.add(Instant.ofEpochSecond(30), List.of(lag(0, 5, 9)));

        List<LagEvaluation> found = history.add(Instant.ofEpochSecond(60), List.of(lag(0, 5, 9), lag(1, 5, 9)));

        assertThat(found).extracting(LagEvaluation::status).containsExactly(LagStatus.STALLED, LagStatus.UNKNOWN);
    }

    @Test
    void a_day_of_samples_takes_no_more_memory_than_a_window() {
        for (int second = 0; second < 24 * 3600; second++) {
            history.add(Instant.ofEpochSecond(second), List.of(lag(0, second, second + 3), lag(1, 0, 5)));
        }

        assertThat(history.size()).isEqualTo(2 * 61);
    }

    @Test
    void a_report_is_as_bad_as_its_worst_partition() {
        LagSample sample = new LagSample(Instant.EPOCH, List.of(), List.of(), Map.of(), 1);

        assertThat(new LagReport(sample, List.of(), Duration.ZERO).worst()).isEqualTo(LagStatus.OK);
        assertThat(new LagReport(sample, history.add(Instant.EPOCH, List.of(lag(0, 9, 9), lag(1, 5, 9))), Duration.ZERO)
                        .worst())
                .isEqualTo(LagStatus.UNKNOWN);
    }
}
