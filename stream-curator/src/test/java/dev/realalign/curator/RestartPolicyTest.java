package dev.realalign.curator;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class RestartPolicyTest {
    private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

    private final RestartPolicy policy = new RestartPolicy(8, Duration.ofMinutes(10));

    @Test
    void pauses_double_up_to_half_a_minute_and_then_there_is_no_restart() {
        List<Long> pauses = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            pauses.add(policy.pauseAfterFailure(START.plusSeconds(40L * i))
                    .orElseThrow()
                    .toSeconds());
        }

        assertThat(pauses).containsExactly(1L, 2L, 4L, 8L, 16L, 30L, 30L, 30L);
        assertThat(policy.pauseAfterFailure(START.plusSeconds(330))).isEmpty();
    }

    @Test
    void failures_outside_of_the_window_are_forgotten() {
        for (int i = 0; i < 50; i++) {
            assertThat(policy.pauseAfterFailure(START.plus(Duration.ofMinutes(11L * i))))
                    .contains(Duration.ofSeconds(1));
        }
    }

    @Test
    void no_restart_is_tolerated_when_none_is_configured() {
        assertThat(new RestartPolicy(0, Duration.ofMinutes(1)).pauseAfterFailure(START))
                .isEmpty();
    }
}
