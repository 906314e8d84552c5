package dev.realalign.runtime;

import java.time.Duration;
import java.util.Optional;

/**
 * A role of RealAlign Stream that runs until it is closed or fails. Services know each other's topics and nothing else,
 * so that one process can hold any number of them.
 */
public interface Service extends AutoCloseable {
    /** Where a service is in its life; it only moves forward. */
    enum State {
        /** Made, or on its way to work. */
        STARTING,
        /** At work. */
        RUNNING,
        /** Closed on demand. */
        STOPPED,
        /** Ended by {@link Service#failure()}. */
        FAILED;

        /** Whether nothing follows. */
        public boolean isEnd() {
            return this == STOPPED || this == FAILED;
        }
    }

    /** Name of the role, such as {@code curator}. */
    String name();

    /**
     * Begins work in threads of the service's own and returns at once; trouble shows in {@link #state()}. Called once.
     */
    void start();

    /** Where the service is in its life. */
    State state();

    /** What ended the service, when it failed; a {@link UserErrorException} where the user can mend it. */
    Optional<Throwable> failure();

    /**
     * Waits for the end.
     *
     * @return whether the service ended within the time
     */
    boolean await(Duration timeout) throws InterruptedException;

    /** Ends the work in good order and waits for it; safe at any time, also twice and after a failure. */
    @Override
    void close();
}
