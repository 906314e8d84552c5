package dev.realalign.subscriber;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * How a subscriber fares, at one moment.
 *
 * @param current the version that is served
 * @param caughtUp whether everything that was announced when the subscriber connected has been read
 * @param waiting versions known and not yet delivered
 * @param trouble what keeps the subscriber from going on, while it does
 */
public record SubscriberState(
        Optional<ReceivedVersion> current, boolean caughtUp, int waiting, Optional<Trouble> trouble) {

    /**
     * A failure that lasts. The current version is served all the while.
     *
     * @param message what fails
     * @param since when it first failed
     * @param failures attempts that failed in a row
     * @param pause how long the subscriber waits before the next attempt; zero where none would help
     */
    public record Trouble(String message, Instant since, int failures, Duration pause) {}
}
