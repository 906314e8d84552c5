package dev.realalign.dashboard.stream;

import dev.realalign.dashboard.model.StreamState;
import dev.realalign.runtime.ClusterConfig;
import dev.realalign.schemas.PreferenceTriple;
import dev.realalign.schemas.Topics;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
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
 * The newest triples with their pictures, looked up every few seconds while somebody looks at the page and not at all
 * otherwise. A look reads at most the last {@value #NEWEST} offsets of each partition, however fast the topic grows.
 */
public final class TripleWindow implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(TripleWindow.class);
    private static final Duration LOOK = Duration.ofSeconds(3);
    private static final Duration UNWATCHED = Duration.ofMillis(500);
    private static final Duration POLL = Duration.ofMillis(500);
    private static final Duration LONGEST = Duration.ofSeconds(5);
    private static final long NEWEST = 24;

    private final ClusterConfig cluster;
    private final StreamState state;
    private final BooleanSupplier isWatched;
    private final Pause pause = new Pause();
    private final KafkaConsumer<byte[], byte[]> consumer;
    private final Deserializer<PreferenceTriple> values;
    private final Map<TopicPartition, Long> next = new HashMap<>();
    private final Thread thread;

    /** @param isWatched whether somebody looks at the page */
    public TripleWindow(ClusterConfig cluster, StreamState state, BooleanSupplier isWatched) {
        this.cluster = cluster;
        this.state = state;
        this.isWatched = isWatched;
        Map<String, Object> settings = cluster.consumer("realalign-dashboard-triples");
        settings.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, (int) NEWEST);
        settings.put(ConsumerConfig.FETCH_MAX_BYTES_CONFIG, 8 * 1024 * 1024);
        settings.put(ConsumerConfig.RECONNECT_BACKOFF_MAX_MS_CONFIG, 2_000);
        consumer = new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
        values = Topics.PREFERENCE_TRIPLES.valueDeserializer(cluster.registry());
        thread = new Thread(this::watch, "dashboard-triples");
        thread.setDaemon(true);
    }

    /** Begins to look. */
    public void start() {
        thread.start();
    }

    private void watch() {
        try (consumer;
                values) {
            boolean looked = false;
            while (!pause.endsWithin(looked ? LOOK : UNWATCHED)) {
                looked = isWatched.getAsBoolean();
                if (looked) {
                    try {
                        look();
                    } catch (WakeupException | InterruptException e) {
                        return;
                    } catch (KafkaException e) {
                        log.debug("no triples at {} this time: {}", cluster.bootstrapServers(), e.getMessage());
                    }
                }
            }
        }
    }

    private void look() {
        List<PartitionInfo> found = consumer.partitionsFor(Topics.PREFERENCE_TRIPLES.name(), LONGEST);
        if (found == null || found.isEmpty()) {
            return;
        }
        List<TopicPartition> partitions = found.stream()
                .map(info -> new TopicPartition(info.topic(), info.partition()))
                .toList();
        Map<TopicPartition, Long> ends = consumer.endOffsets(partitions, LONGEST);
        Map<TopicPartition, Long> begins = consumer.beginningOffsets(partitions, LONGEST);
        Set<TopicPartition> open = new HashSet<>();
        partitions.forEach(partition -> {
            if (next.getOrDefault(partition, 0L) < ends.getOrDefault(partition, 0L)) {
                open.add(partition);
            }
        });
        consumer.assign(open);
        for (TopicPartition partition : open) {
            long end = ends.getOrDefault(partition, 0L);
            consumer.seek(
                    partition,
                    Math.max(
                            begins.getOrDefault(partition, 0L),
                            Math.max(next.getOrDefault(partition, 0L), end - NEWEST)));
        }
        long deadline = System.nanoTime() + LONGEST.toNanos();
        while (!open.isEmpty() && !pause.isOver() && System.nanoTime() < deadline) {
            consumer.poll(POLL).forEach(this::take);
            open.removeIf(partition -> consumer.position(partition) >= ends.getOrDefault(partition, 0L));
        }
        consumer.assignment().forEach(partition -> next.put(partition, consumer.position(partition)));
        consumer.assign(Set.of());
    }

    private void take(ConsumerRecord<byte[], byte[]> record) {
        if (record.value() == null) {
            return;
        }
        try {
            state.take(values.deserialize(record.topic(), record.value()), record.partition(), record.offset());
        } catch (KafkaException e) {
            log.warn("a triple at {}-{} cannot be shown: {}", record.partition(), record.offset(), e.getMessage());
        }
    }

    /** Ends the looking and waits for it. */
    @Override
    public void close() throws InterruptedException {
        pause.end();
        consumer.wakeup();
        if (thread.isAlive()) {
            thread.join();
        } else {
            consumer.close();
            values.close();
        }
    }
}
