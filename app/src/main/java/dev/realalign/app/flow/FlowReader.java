package dev.realalign.app.flow;

import dev.realalign.runtime.ClusterConfig;
import dev.realalign.schemas.Topic;
import dev.realalign.schemas.Topics;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.Deserializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Follows the topics in a thread of its own, in no consumer group, and passes their records to a {@link Flow} in the order of
 * their timestamps: each is held back for a moment, so that a slower topic does not come too late.
 *
 * <p>Reads are bounded. Versions and subscribers are read from their beginning, which is compacted; everything else from the
 * end. Of preference-triples, which carry two pictures each, only the first partition is read: image ids are hashes, so it is
 * a random part of the stream.
 */
public final class FlowReader implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(FlowReader.class);
    private static final Duration POLL = Duration.ofMillis(250);
    private static final Duration HOLD_BACK = Duration.ofSeconds(2);
    private static final Duration RETRY = Duration.ofSeconds(5);
    private static final int FETCH_BYTES = 4 * 1024 * 1024;
    private static final int AT_ONCE = 200;
    private static final int HELD_BACK_AT_MOST = 2_000;

    /** What is read, and how. */
    private record Source(Topic<String, ? extends SpecificRecord> topic, boolean fromBeginning, boolean oneOfThem) {}

    private static final List<Source> SOURCES = List.of(
            new Source(Topics.CHECKPOINTS, true, false),
            new Source(Topics.SUBSCRIBER_STATUS, true, false),
            new Source(Topics.PREFERENCE_TRIPLES, false, true),
            new Source(Topics.IMAGE_REJECTIONS, false, false),
            new Source(Topics.TRAINING_LEDGER, false, false),
            new Source(Topics.PUBLISHING_LOG, false, false));

    private final ClusterConfig cluster;
    private final Flow flow;
    private final Clock clock = Clock.systemUTC();
    private final Map<String, Deserializer<? extends SpecificRecord>> deserializers = new HashMap<>();
    private final PriorityQueue<ConsumerRecord<byte[], byte[]>> held =
            new PriorityQueue<>(Comparator.comparingLong(ConsumerRecord::timestamp));
    private final KafkaConsumer<byte[], byte[]> consumer;
    private final CountDownLatch closing = new CountDownLatch(1);
    private final Thread thread;

    /** Begins to follow. */
    public FlowReader(ClusterConfig cluster, Flow flow) {
        this.cluster = cluster;
        this.flow = flow;
        SOURCES.forEach(source ->
                deserializers.put(source.topic().name(), source.topic().valueDeserializer(cluster.registry())));
        Map<String, Object> settings = cluster.consumer("flow-reader");
        settings.put(ConsumerConfig.FETCH_MAX_BYTES_CONFIG, FETCH_BYTES);
        settings.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, AT_ONCE);
        settings.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "latest");
        settings.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
        consumer = new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
        thread = new Thread(this::follow, "flow-reader");
        thread.setDaemon(true);
        thread.start();
    }

    private void follow() {
        try (consumer) {
            while (closing.getCount() > 0) {
                try {
                    if (consumer.assignment().isEmpty() && !assign()) {
                        log.debug("not every topic of the flow exists yet");
                        pause();
                        continue;
                    }
                    if (held.size() < HELD_BACK_AT_MOST) {
                        consumer.poll(POLL).forEach(held::add);
                    }
                    release(clock.instant().minus(HOLD_BACK));
                } catch (WakeupException e) {
                    log.debug("the flow reader was told to end");
                } catch (KafkaException e) {
                    log.warn("the flow is not followed for {} s: {}", RETRY.toSeconds(), e.getMessage());
                    pause();
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            deserializers.values().forEach(Deserializer::close);
        }
    }

    /** Takes its place in every topic; false when one of them does not exist yet. */
    private boolean assign() {
        List<TopicPartition> beginning = new ArrayList<>();
        List<TopicPartition> end = new ArrayList<>();
        for (Source source : SOURCES) {
            List<PartitionInfo> found = consumer.partitionsFor(source.topic().name(), cluster.timeout());
            if (found == null || found.isEmpty()) {
                return false;
            }
            for (PartitionInfo partition : found) {
                if (!source.oneOfThem() || partition.partition() == 0) {
                    (source.fromBeginning() ? beginning : end)
                            .add(new TopicPartition(partition.topic(), partition.partition()));
                }
            }
        }
        Map<TopicPartition, Long> ends = consumer.endOffsets(end, cluster.timeout());
        List<TopicPartition> all = new ArrayList<>(beginning);
        all.addAll(end);
        consumer.assign(all);
        consumer.seekToBeginning(beginning);
        ends.forEach(consumer::seek);
        return true;
    }

    private void pause() throws InterruptedException {
        if (closing.await(RETRY.toMillis(), TimeUnit.MILLISECONDS)) {
            log.debug("the flow reader was told to end");
        }
    }

    private void release(Instant until) {
        while (!held.isEmpty()
                && (held.peek().timestamp() <= until.toEpochMilli() || held.size() > HELD_BACK_AT_MOST)) {
            ConsumerRecord<byte[], byte[]> record = held.remove();
            Deserializer<? extends SpecificRecord> values = deserializers.get(record.topic());
            if (record.value() == null || values == null) {
                continue;
            }
            SpecificRecord value;
            try {
                value = values.deserialize(record.topic(), record.value());
            } catch (KafkaException e) {
                log.warn(
                        "{}-{} offset {} cannot be decoded and is left out of the flow: {}",
                        record.topic(),
                        record.partition(),
                        record.offset(),
                        e.getMessage());
                continue;
            }
            flow.take(value, record.partition(), record.offset(), Instant.ofEpochMilli(record.timestamp()));
        }
    }

    @Override
    public void close() throws InterruptedException {
        closing.countDown();
        consumer.wakeup();
        thread.join();
    }
}
