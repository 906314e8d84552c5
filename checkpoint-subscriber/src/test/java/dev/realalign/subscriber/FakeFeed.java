package dev.realalign.subscriber;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.InterruptException;

/** A topic in memory: every feed opened on it begins at its beginning. */
final class FakeFeed implements TargetFeed.Opener {
    private final List<Target> log = new ArrayList<>();
    private int failuresLeft;
    private int opened;

    synchronized void announce(Target... targets) {
        log.addAll(List.of(targets));
        notifyAll();
    }

    synchronized void forget(Target target) {
        log.remove(target);
    }

    synchronized void failToOpen(int times) {
        failuresLeft = times;
    }

    synchronized int opened() {
        return opened;
    }

    @Override
    public synchronized TargetFeed open() {
        opened++;
        if (failuresLeft > 0) {
            failuresLeft--;
            throw new KafkaException("no broker answers");
        }
        return new Feed();
    }

    private final class Feed implements TargetFeed {
        private int position;
        private boolean woken;

        @Override
        public List<Target> poll(Duration timeout) {
            synchronized (FakeFeed.this) {
                long deadline = System.nanoTime() + timeout.toNanos();
                while (position == log.size() && !woken && System.nanoTime() < deadline) {
                    try {
                        FakeFeed.this.wait(10);
                    } catch (InterruptedException e) {
                        throw new InterruptException(e);
                    }
                }
                List<Target> next = List.copyOf(log.subList(position, log.size()));
                position = log.size();
                return next;
            }
        }

        @Override
        public boolean isAtEnd() {
            synchronized (FakeFeed.this) {
                return position == log.size();
            }
        }

        @Override
        public void wakeup() {
            synchronized (FakeFeed.this) {
                woken = true;
                FakeFeed.this.notifyAll();
            }
        }

        @Override
        public void close() {}
    }
}
