package dev.realalign.dashboard.stream;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** The end of a thread's work, and its pauses until then. */
final class Pause {
    private final CountDownLatch end = new CountDownLatch(1);

    /** Waits; says whether the work shall end. */
    boolean endsWithin(Duration time) {
        try {
            return end.await(time.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return true;
        }
    }

    /** Whether the work shall end. */
    boolean isOver() {
        return end.getCount() == 0;
    }

    void end() {
        end.countDown();
    }
}
