package dev.realalign.trainer.kafka;

import dev.realalign.schemas.Topics;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The right to train a model line. It is the only partition of training-ledger, in a consumer group of the line's own: one
 * member has it, the others stand by, and when its heartbeats stop the next one gets it. It decides who trains; that
 * nobody else can write is the transactional producer's doing.
 */
public final class Lease implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Lease.class);
    private static final Duration POLL = Duration.ofMillis(200);

    private final Consumer<byte[], byte[]> consumer;
    private final Thread keeper = new Thread(this::keep, "trainer-lease");
    private final Object lock = new Object();
    private boolean held;
    private volatile boolean closing;
    private @Nullable RuntimeException failure;

    private Lease(Consumer<byte[], byte[]> consumer) {
        this.consumer = consumer;
        keeper.setDaemon(true);
    }

    /**
     * Asks for the lease of a line.
     *
     * @param consumer properties of a consumer
     * @param group the line's lease group
     * @param instance name of this trainer, under which its successor takes its place at once; empty for none
     * @param timeout how long the lease outlives its holder's last heartbeat
     */
    public static Lease ask(Map<String, Object> consumer, String group, String instance, Duration timeout) {
        Map<String, Object> settings = new HashMap<>(consumer);
        settings.put(ConsumerConfig.GROUP_ID_CONFIG, group);
        settings.put(ConsumerConfig.GROUP_PROTOCOL_CONFIG, "classic");
        settings.put(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG, Math.toIntExact(timeout.toMillis()));
        settings.put(ConsumerConfig.HEARTBEAT_INTERVAL_MS_CONFIG, Math.toIntExact(timeout.toMillis() / 6));
        // sticky: a trainer that comes to stand by takes nothing from the holder
        settings.put(
                ConsumerConfig.PARTITION_ASSIGNMENT_STRATEGY_CONFIG,
                List.of(CooperativeStickyAssignor.class.getName()));
        settings.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "latest");
        if (!instance.isEmpty()) {
            settings.put(ConsumerConfig.GROUP_INSTANCE_ID_CONFIG, instance);
        }
        Lease lease =
                new Lease(new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer()));
        lease.keeper.start();
        return lease;
    }

    private void keep() {
        try (consumer) {
            consumer.subscribe(List.of(Topics.TRAINING_LEDGER.name()), new ConsumerRebalanceListener() {
                @Override
                public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
                    if (!partitions.isEmpty()) {
                        consumer.pause(partitions);
                        hold(true);
                    }
                }

                @Override
                public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
                    if (!partitions.isEmpty()) {
                        hold(false);
                    }
                }

                @Override
                public void onPartitionsLost(Collection<TopicPartition> partitions) {
                    if (!partitions.isEmpty()) {
                        hold(false);
                    }
                }
            });
            while (!closing) {
                consumer.poll(POLL);
            }
        } catch (WakeupException e) {
            log.debug("the lease is given back");
        } catch (RuntimeException e) {
            synchronized (lock) {
                failure = e;
                lock.notifyAll();
            }
        } finally {
            hold(false);
        }
    }

    private void hold(boolean now) {
        synchronized (lock) {
            held = now;
            lock.notifyAll();
        }
    }

    /**
     * Waits for the lease.
     *
     * @return whether it is held
     * @throws RuntimeException what ended the group's membership
     */
    public boolean await(Duration patience) throws InterruptedException {
        long deadline = System.nanoTime() + patience.toNanos();
        synchronized (lock) {
            for (long left = patience.toNanos(); !isHeld() && left > 0; left = deadline - System.nanoTime()) {
                lock.wait(Math.max(1, left / 1_000_000));
            }
            return isHeld();
        }
    }

    /**
     * Whether the lease is held, as far as is known here: a process that slept learns late that it lost it.
     *
     * @throws RuntimeException what ended the group's membership
     */
    public boolean isHeld() {
        synchronized (lock) {
            if (failure != null) {
                throw failure;
            }
            return held;
        }
    }

    @Override
    public void close() {
        closing = true;
        consumer.wakeup();
        try {
            keeper.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
