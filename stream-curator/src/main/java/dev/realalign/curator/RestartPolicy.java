package dev.realalign.curator;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;

/**
 * When a failed stream thread is replaced: after a pause that doubles with every failure inside the window, until the
 * window holds as many failures as are tolerated. Safe for several threads.
 */
final class RestartPolicy {
    private static final Duration FIRST_PAUSE = Duration.ofSeconds(1);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(30);

    private final int tolerated;
    private final Duration window;
    private final Deque<Instant> failures = new ArrayDeque<>();

    RestartPolicy(int tolerated, Duration window) {
        this.tolerated = tolerated;
        this.window = window;
    }

    /**
     * Judges one more failure.
     *
     * @return how long to wait before the restart, or empty when there shall be none
     */
    synchronized Optional<Duration> pauseAfterFailure(Instant now) {
        while (!failures.isEmpty() && failures.peekFirst().isBefore(now.minus(window))) {
            failures.removeFirst();
        }
        if (failures.size() >= tolerated) {
            return Optional.empty();
        }
        Duration pause = FIRST_PAUSE;
        for (int i = 0; i < failures.size() && pause.compareTo(LONGEST_PAUSE) < 0; i++) {
            pause = pause.multipliedBy(2);
        }
        failures.addLast(now);
        return Optional.of(pause.compareTo(LONGEST_PAUSE) < 0 ? pause : LONGEST_PAUSE);
    }
}
