package dev.realalign.dashboard.stream;

import dev.realalign.dashboard.model.StreamState;
import dev.realalign.runtime.ClusterConfig;
import dev.realalign.schemas.Topic;
import dev.realalign.schemas.Topics;
import dev.realalign.schemas.UndecodableRecordException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.Deserializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Follows the topics without pictures into the state: compacted ones from their beginning, the others from as many offsets
 * before their end as {@link #BOUNDS} says. In no consumer group, committed records only.
 */
public final class TopicTail implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(TopicTail.class);
    private static final Duration POLL = Duration.ofSeconds(1);
    private static final Duration RETRY = Duration.ofSeconds(3);

    /** Offsets before the end from which a topic is read, over all its partitions. */
    private static final Map<Topic<?, ?>, Long> BOUNDS = Map.of(
            Topics.IMAGE_REJECTIONS, 20_000L,
            Topics.NEGATIVE_REQUESTS, 20_000L,
            Topics.TRAINING_LEDGER, 30_000L,
            Topics.CHECKPOINT_CANDIDATES, 3_000L,
            Topics.PUBLISHING_LOG, 3_000L,
            Topics.CHECKPOINTS, Long.MAX_VALUE,
            Topics.CHECKPOINT_ALIASES, Long.MAX_VALUE,
            Topics.SUBSCRIBER_STATUS, Long.MAX_VALUE);

    private final ClusterConfig cluster;
    private final StreamState state;
    private final Clock clock;
    private final Pause pause = new Pause();
    private final KafkaConsumer<byte[], byte[]> consumer;
    private final Map<String, Reader<?>> readers = new LinkedHashMap<>();
    private final Map<TopicPartition, Long> ends = new HashMap<>();
    private final Thread thread;
    private boolean toldCaughtUp;
    private long lookedForTopics;

    /** A topic's deserializer and what its records change. */
    private record Reader<V extends SpecificRecord>(
            Topic<?, V> topic, Deserializer<V> values, Consumer<V> into, Consumer<String> withdrawn) {
        void take(ConsumerRecord<byte[], byte[]> record) {
            if (record.value() == null) {
                withdrawn.accept(record.key() == null ? "" : new String(record.key(), StandardCharsets.UTF_8));
                return;
            }
            V value;
            try {
                value = values.deserialize(record.topic(), record.value());
            } catch (KafkaException e) {
                throw new UndecodableRecordException(
                        new TopicPartition(record.topic(), record.partition()), record.offset(), e);
            }
            into.accept(value);
        }
    }

    /** A tail that follows nothing before it is started. */
    public TopicTail(ClusterConfig cluster, StreamState state, Clock clock) {
        this.cluster = cluster;
        this.state = state;
        this.clock = clock;
        Map<String, Object> settings = cluster.consumer("realalign-dashboard");
        settings.put(ConsumerConfig.FETCH_MAX_WAIT_MS_CONFIG, 1_000);
        settings.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, 1_000);
        settings.put(ConsumerConfig.RECONNECT_BACKOFF_MAX_MS_CONFIG, 2_000);
        consumer = new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
        add(Topics.IMAGE_REJECTIONS, state::take, key -> {});
        add(Topics.NEGATIVE_REQUESTS, state::take, key -> {});
        add(Topics.TRAINING_LEDGER, state::take, key -> {});
        add(Topics.CHECKPOINT_CANDIDATES, state::take, key -> {});
        add(Topics.PUBLISHING_LOG, state::take, key -> {});
        add(Topics.CHECKPOINTS, state::take, state::forgetVersion);
        add(Topics.CHECKPOINT_ALIASES, state::take, key -> {});
        add(Topics.SUBSCRIBER_STATUS, state::take, state::forgetSubscriber);
        thread = new Thread(this::follow, "dashboard-topics");
        thread.setDaemon(true);
    }

    private <V extends SpecificRecord> void add(Topic<String, V> topic, Consumer<V> into, Consumer<String> withdrawn) {
        readers.put(topic.name(), new Reader<>(topic, topic.valueDeserializer(cluster.registry()), into, withdrawn));
    }

    /** Begins to read. */
    public void start() {
        thread.start();
    }

    private void follow() {
        try (consumer) {
            while (!pause.isOver()) {
                try {
                    findTopics();
                    if (consumer.assignment().isEmpty()) {
                        if (pause.endsWithin(POLL)) {
                            return;
                        }
                    } else {
                        take(consumer.poll(POLL));
                        tellWhenCaughtUp();
                    }
                } catch (WakeupException | InterruptException e) {
                    return;
                } catch (KafkaException e) {
                    log.warn("the topics cannot be read at the moment: {}", e.getMessage());
                    state.brokerFailed(
                            "The topics at " + cluster.bootstrapServers() + " cannot be read: " + e.getMessage() + ".",
                            clock.instant());
                    if (pause.endsWithin(RETRY)) {
                        return;
                    }
                }
            }
        } finally {
            readers.values().forEach(reader -> reader.values().close());
        }
    }

    /** Takes up topics that have come to exist, now and then while some are missing. */
    private void findTopics() {
        List<TopicPartition> assigned = new ArrayList<>(consumer.assignment());
        long now = System.nanoTime();
        if (assigned.stream().map(TopicPartition::topic).distinct().count() == readers.size()
                || (lookedForTopics != 0 && now - lookedForTopics < RETRY.toNanos())) {
            return;
        }
        lookedForTopics = now;
        List<TopicPartition> fresh = new ArrayList<>();
        for (Reader<?> reader : readers.values()) {
            String topic = reader.topic().name();
            if (assigned.stream().noneMatch(partition -> partition.topic().equals(topic))) {
                List<PartitionInfo> found = consumer.partitionsFor(topic);
                if (found != null) {
                    found.forEach(info -> fresh.add(new TopicPartition(topic, info.partition())));
                }
            }
        }
        if (fresh.isEmpty()) {
            return;
        }
        Map<TopicPartition, Long> begin = consumer.beginningOffsets(fresh);
        Map<TopicPartition, Long> end = consumer.endOffsets(fresh);
        assigned.addAll(fresh);
        consumer.assign(assigned);
        for (TopicPartition partition : fresh) {
            long partitions = fresh.stream()
                    .filter(other -> other.topic().equals(partition.topic()))
                    .count();
            long bound = bound(partition.topic()) / partitions;
            long first = begin.getOrDefault(partition, 0L);
            long from = Math.max(first, end.getOrDefault(partition, 0L) - bound);
            consumer.seek(partition, from);
            ends.put(partition, end.getOrDefault(partition, 0L));
            if (from > 0 && partition.topic().equals(Topics.IMAGE_REJECTIONS.name())) {
                state.leftOlderRejectionsOut();
            }
        }
    }

    private long bound(String topic) {
        Reader<?> reader = readers.get(topic);
        return reader == null ? 0 : BOUNDS.getOrDefault(reader.topic(), 0L);
    }

    private void take(ConsumerRecords<byte[], byte[]> records) {
        for (TopicPartition partition : records.partitions()) {
            Reader<?> reader = readers.get(partition.topic());
            for (ConsumerRecord<byte[], byte[]> record : records.records(partition)) {
                try {
                    if (reader != null) {
                        reader.take(record);
                    }
                } catch (UndecodableRecordException e) {
                    if (e.mayPass()) {
                        consumer.seek(partition, record.offset());
                        pause.endsWithin(RETRY);
                        break;
                    }
                    log.warn("passed over: {}", e.getMessage());
                    state.passOver();
                }
            }
        }
    }

    private void tellWhenCaughtUp() {
        if (!toldCaughtUp
                && ends.entrySet().stream().allMatch(end -> consumer.position(end.getKey()) >= end.getValue())) {
            toldCaughtUp = true;
            state.caughtUp();
        }
    }

    /** Ends the reading and waits for it. */
    @Override
    public void close() throws InterruptedException {
        pause.end();
        consumer.wakeup();
        if (thread.isAlive()) {
            thread.join();
        } else {
            consumer.close();
        }
    }
}
