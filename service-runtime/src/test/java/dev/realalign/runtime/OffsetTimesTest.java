package dev.realalign.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import org.junit.jupiter.api.Test;

class OffsetTimesTest {
    private final OffsetTimes times = new OffsetTimes();

    private void see(long second, long end) {
        times.see(Instant.ofEpochSecond(second), end);
    }

    @Test
    void an_offset_was_written_on_the_line_between_two_samples() {
        see(0, 10);
        see(10, 30);

        assertThat(times.writtenAt(10)).contains(Instant.ofEpochSecond(0));
        assertThat(times.writtenAt(20)).contains(Instant.ofEpochSecond(5));
        assertThat(times.writtenAt(25)).contains(Instant.ofEpochMilli(7_500));
    }

    @Test
    void what_was_there_before_the_first_sample_or_is_not_there_yet_has_no_time() {
        assertThat(times.writtenAt(0)).isEmpty();
        see(0, 10);
        see(10, 30);

        assertThat(times.writtenAt(9)).isEmpty();
        assertThat(times.writtenAt(30)).isEmpty();
    }

    @Test
    void a_record_after_a_standstill_was_written_after_it() {
        see(0, 10);
        for (int second = 10; second <= 600; second += 10) {
            see(second, 10);
        }
        see(610, 11);

        assertThat(times.writtenAt(10)).contains(Instant.ofEpochSecond(600));
    }

    @Test
    void a_new_topic_of_the_same_name_begins_anew() {
        see(0, 10);
        see(10, 30);
        see(20, 2);
        see(30, 40);

        assertThat(times.writtenAt(20)).contains(Instant.ofEpochMilli(24_737));
    }

    @Test
    void a_long_history_reaches_as_far_back_with_less_precision() {
        for (int second = 0; second < 100_000; second++) {
            see(second, second);
        }

        assertThat(times.writtenAt(0)).contains(Instant.ofEpochSecond(0));
        assertThat(times.writtenAt(50_000)).contains(Instant.ofEpochSecond(50_000));
    }
}
