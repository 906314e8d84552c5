package dev.realalign.subscriber;

import dev.realalign.schemas.SubscriberStatus;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.KafkaException;

/** The topic of reports in memory. */
final class FakeStatuses implements StatusSink.Opener {
    private final List<SubscriberStatus> log = new ArrayList<>();
    private boolean failing;
    private int opened;

    synchronized List<SubscriberStatus> all() {
        return List.copyOf(log);
    }

    synchronized SubscriberStatus last() {
        return log.get(log.size() - 1);
    }

    synchronized void fail(boolean from) {
        failing = from;
    }

    synchronized int opened() {
        return opened;
    }

    @Override
    public synchronized StatusSink open() {
        opened++;
        return new StatusSink() {
            @Override
            public void send(SubscriberStatus status) {
                synchronized (FakeStatuses.this) {
                    if (failing) {
                        throw new KafkaException("no broker answers");
                    }
                    log.add(status);
                }
            }

            @Override
            public void close() {}
        };
    }
}
