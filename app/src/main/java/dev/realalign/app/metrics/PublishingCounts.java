package dev.realalign.app.metrics;

import dev.realalign.publisher.PublishingStep;
import java.util.concurrent.atomic.AtomicLongArray;

/** How often a publisher of this process has passed each boundary. */
public final class PublishingCounts implements PublishingStep.Observer {
    private final AtomicLongArray passed = new AtomicLongArray(PublishingStep.values().length);

    /** Counters at zero. */
    public PublishingCounts() {}

    @Override
    public void passed(PublishingStep step) {
        passed.incrementAndGet(step.ordinal());
    }

    /** How often this boundary was passed. */
    public long of(PublishingStep step) {
        return passed.get(step.ordinal());
    }
}
