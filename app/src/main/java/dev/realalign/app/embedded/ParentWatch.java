package dev.realalign.app.embedded;

import java.io.IOException;
import java.time.Duration;
import sun.misc.Signal;
import sun.misc.SignalHandler;

/**
 * Ends a child process with its parent. The parent holds the other end of the child's standard input: whatever way the
 * parent goes, also by {@code kill -9}, the operating system closes it.
 */
final class ParentWatch {
    private static final Duration LONGEST_END = Duration.ofSeconds(20);

    private ParentWatch() {}

    /**
     * Begins to watch. From here on the keyboard's interrupt and a closed terminal, which reach every process of a
     * terminal at once, are the parent's matter alone: it ends its children in good order when it is done with them.
     */
    static void begin() {
        ignore("INT");
        ignore("HUP");
        Thread watch = new Thread(ParentWatch::awaitEnd, "parent-watch");
        watch.setDaemon(true);
        watch.start();
    }

    private static void ignore(String signal) {
        try {
            Signal.handle(new Signal(signal), SignalHandler.SIG_IGN);
        } catch (IllegalArgumentException e) {
            // this system has no such signal, or the JVM was told to leave signals alone
            System.err.println("signal " + signal + " is not ignored: " + e.getMessage());
        }
    }

    private static void awaitEnd() {
        try {
            while (System.in.read() >= 0) {
                // the parent sends nothing; only the end matters
            }
        } catch (IOException e) {
            System.err.println("standard input is gone: " + e.getMessage());
        }
        Thread force = new Thread(ParentWatch::forceEnd, "forced-end");
        force.setDaemon(true);
        force.start();
        Runtime.getRuntime().exit(0);
    }

    /** A shutdown that hangs must not leave a process behind. */
    private static void forceEnd() {
        try {
            Thread.sleep(LONGEST_END.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        Runtime.getRuntime().halt(1);
    }
}
