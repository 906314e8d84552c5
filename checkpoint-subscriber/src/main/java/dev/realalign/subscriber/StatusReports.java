package dev.realalign.subscriber;

import dev.realalign.schemas.SubscriberStatus;
import java.time.Duration;
import java.time.Instant;
import java.util.function.Supplier;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.RetriableException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Says how a subscriber fares: after every change, again and again while nothing changes, and once when it ends in good
 * order. Changes that come while a report is on its way make one report. Whatever hinders the reports hinders nothing else.
 */
final class StatusReports implements AutoCloseable {
    /** Pause between reports while nothing changes; readers take a subscriber for dead after a few times this. */
    static final Duration BEAT = Duration.ofSeconds(20);

    private static final Logger log = LoggerFactory.getLogger(StatusReports.class);
    private static final Duration RETRY = Duration.ofSeconds(5);
    private static final Duration LONGEST_FAREWELL = Duration.ofSeconds(3);

    private final Supplier<SubscriberStatus> snapshot;
    private final StatusSink.Opener sinks;
    private final Duration beat;
    private final Thread thread;

    private final Object lock = new Object();
    private boolean changed = true;
    private boolean ending;

    /** @param snapshot how the subscriber fares at the moment of the call */
    StatusReports(String name, Supplier<SubscriberStatus> snapshot, StatusSink.Opener sinks, Duration beat) {
        this.snapshot = snapshot;
        this.sinks = sinks;
        this.beat = beat;
        this.thread = new Thread(this::report, name);
        thread.setDaemon(true);
    }

    void start() {
        thread.start();
    }

    /** Something may have changed. */
    void changed() {
        synchronized (lock) {
            changed = true;
            lock.notifyAll();
        }
    }

    /** Sends the last report, unless that takes too long. */
    @Override
    public void close() throws InterruptedException {
        synchronized (lock) {
            ending = true;
            lock.notifyAll();
        }
        thread.join(LONGEST_FAREWELL.toMillis());
        thread.interrupt();
        thread.join(LONGEST_FAREWELL.toMillis());
    }

    private void report() {
        StatusSink sink = null;
        SubscriberStatus arrived = null;
        String told = "";
        long sentAt = System.nanoTime();
        try {
            while (true) {
                boolean last = awaitOccasion(sentAt, told.isEmpty() ? beat : RETRY);
                SubscriberStatus status = snapshot.get();
                boolean due = System.nanoTime() - sentAt >= beat.toNanos();
                if (!last && !due && arrived != null && arrived.equals(timeless(status))) {
                    continue;
                }
                sentAt = System.nanoTime();
                try {
                    sink = sink == null ? sinks.open() : sink;
                    sink.send(last ? stopped(status) : status);
                    arrived = timeless(status);
                    told = "";
                } catch (InterruptException e) {
                    throw new InterruptedException(e.getMessage());
                } catch (RuntimeException e) {
                    told = tell(e, told);
                    arrived = null;
                    if (!(e
                            instanceof
                            RetriableException)) { // a client that only waits for brokers finds them by itself
                        close(sink);
                        sink = null;
                    }
                }
                if (last) {
                    return;
                }
            }
        } catch (InterruptedException e) {
            log.debug("the last report of {} was given up", thread.getName());
        } finally {
            close(sink);
        }
    }

    /** Waits for a change, the next beat or the end; says whether it is the end. */
    private boolean awaitOccasion(long sentAt, Duration pause) throws InterruptedException {
        synchronized (lock) {
            long left = pause.toNanos() - (System.nanoTime() - sentAt);
            while (!changed && !ending && left > 0) {
                lock.wait(Math.max(1, left / 1_000_000));
                left = pause.toNanos() - (System.nanoTime() - sentAt);
            }
            changed = false;
            return ending;
        }
    }

    private static String tell(RuntimeException failure, String told) {
        String why = String.valueOf(failure.getMessage());
        if (!why.equals(told)) {
            log.warn("the status of this subscriber cannot be reported: {}; it goes on, and reports again later", why);
        }
        return why;
    }

    private static void close(@Nullable StatusSink sink) {
        if (sink != null) {
            sink.close();
        }
    }

    private static SubscriberStatus stopped(SubscriberStatus status) {
        return SubscriberStatus.newBuilder(status).setStopped(true).build();
    }

    private static SubscriberStatus timeless(SubscriberStatus status) {
        return SubscriberStatus.newBuilder(status).setReportedAt(Instant.EPOCH).build();
    }
}
