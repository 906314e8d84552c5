package dev.realalign.runtime;

import dev.realalign.runtime.Service.State;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The state of a service, for services to hold: it moves forward only, and the first failure stays. */
public final class ServiceLife {
    private final CountDownLatch ended = new CountDownLatch(1);
    private State state = State.STARTING;
    private @Nullable Throwable failure;

    /** The service is at work; without effect after its end. */
    public synchronized void running() {
        if (!state.isEnd()) {
            state = State.RUNNING;
        }
    }

    /** The service was closed; without effect after its end. */
    public synchronized void stopped() {
        if (!state.isEnd()) {
            state = State.STOPPED;
            ended.countDown();
        }
    }

    /** The service failed; without effect after its end. */
    public synchronized void failed(Throwable cause) {
        if (!state.isEnd()) {
            state = State.FAILED;
            failure = cause;
            ended.countDown();
        }
    }

    /** Where the service is. */
    public synchronized State state() {
        return state;
    }

    /** What ended it, when it failed. */
    public synchronized Optional<Throwable> failure() {
        return Optional.ofNullable(failure);
    }

    /** Waits for the end; says whether it came within the time. */
    public boolean await(Duration timeout) throws InterruptedException {
        return ended.await(timeout.toNanos(), TimeUnit.NANOSECONDS);
    }
}
