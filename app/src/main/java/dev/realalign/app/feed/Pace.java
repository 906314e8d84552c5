package dev.realalign.app.feed;

import java.time.Duration;
import java.util.function.LongSupplier;

/** Holds a feed to a number of pictures per second; a pause is made up for by at most one second's worth. */
final class Pace {
    private final double perSecond;
    private final LongSupplier nanoTime;
    private long next;

    /**
     * A pace.
     *
     * @param perSecond pictures per second, 0 for no limit
     * @param nanoTime a clock in nanoseconds
     */
    Pace(double perSecond, LongSupplier nanoTime) {
        this.perSecond = perSecond;
        this.nanoTime = nanoTime;
        next = nanoTime.getAsLong();
    }

    /** How long to wait before the next picture. */
    Duration pauseAt(long now) {
        if (perSecond <= 0) {
            return Duration.ZERO;
        }
        next = Math.max(next, now - Duration.ofSeconds(1).toNanos());
        long wait = Math.max(0, next - now);
        next += Math.round(1e9 / perSecond);
        return Duration.ofNanos(wait);
    }

    void await() throws InterruptedException {
        Duration wait = pauseAt(nanoTime.getAsLong());
        if (!wait.isZero()) {
            Thread.sleep(wait.toMillis(), wait.toNanosPart() % 1_000_000);
        }
    }
}
