package dev.realalign.subscriber;

import java.time.Duration;
import java.util.List;

/** Announcements that concern what is followed, in the order of the topic. Used by one thread, {@link #wakeup} apart. */
interface TargetFeed extends AutoCloseable {
    /** The next announcements; none when nothing came in time. */
    List<Target> poll(Duration timeout);

    /** Whether everything that was announced when the feed was opened has been returned. */
    boolean isAtEnd();

    /** Ends a poll that is waiting, from another thread. */
    void wakeup();

    @Override
    void close();

    /** Opens feeds; called again after a failure. */
    @FunctionalInterface
    interface Opener {
        TargetFeed open();
    }
}
