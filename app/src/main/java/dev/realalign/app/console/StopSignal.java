package dev.realalign.app.console;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import sun.misc.Signal;

/**
 * Ctrl-C and its relatives, turned into a wish to end: the command itself ends its work in good order and keeps its own exit code. A second signal ends
 * the process at once.
 */
public final class StopSignal {
    private static final String[] SIGNALS = {"INT", "TERM", "HUP"};

    private final CountDownLatch requested = new CountDownLatch(1);

    /** Begins to listen, for the rest of the process's life. */
    public static StopSignal listen() {
        StopSignal stop = new StopSignal();
        for (String name : SIGNALS) {
            try {
                Signal.handle(new Signal(name), stop::received);
            } catch (IllegalArgumentException e) {
                // the platform has no such signal, or the JVM was told to leave it alone
                continue;
            }
        }
        return stop;
    }

    /** One that no signal reaches, for use inside another program. */
    public static StopSignal silent() {
        return new StopSignal();
    }

    private StopSignal() {}

    private void received(Signal signal) {
        if (isRequested()) {
            Runtime.getRuntime().halt(128 + signal.getNumber());
        }
        request();
    }

    /** Asks to stop, as a signal does. */
    public void request() {
        requested.countDown();
    }

    /** Whether stopping was asked for. */
    public boolean isRequested() {
        return requested.getCount() == 0;
    }

    /** Waits for a request; says whether it came within the time. */
    public boolean await(Duration time) throws InterruptedException {
        return requested.await(time.toNanos(), TimeUnit.NANOSECONDS);
    }
}
