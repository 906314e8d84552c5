package dev.realalign.subscriber;

import dev.realalign.schemas.SubscriberStatus;

/** Where a subscriber says how it fares. Used by one thread. */
interface StatusSink extends AutoCloseable {
    /**
     * Sends a report and waits until it has arrived.
     *
     * @throws RuntimeException when it did not arrive in time
     */
    void send(SubscriberStatus status) throws InterruptedException;

    @Override
    void close();

    /** Opens sinks; called again after a failure. */
    @FunctionalInterface
    interface Opener {
        StatusSink open();
    }
}
