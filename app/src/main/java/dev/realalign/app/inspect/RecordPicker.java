package dev.realalign.app.inspect;

import dev.realalign.runtime.ClusterConfig;
import dev.realalign.runtime.UserErrorException;
import dev.realalign.schemas.Topic;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.function.Predicate;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.Deserializer;

/**
 * Picks some records of a topic without reading all of it: the newest, or some from anywhere. Reads committed records in no
 * consumer group.
 *
 * @param <V> value type of the topic
 */
public final class RecordPicker<V extends SpecificRecord> implements AutoCloseable {
    private static final Duration POLL = Duration.ofMillis(200);
    /** How much farther back each further look goes. */
    private static final int FARTHER = 8;
    /** Records looked at from a random place on, until one is wanted. */
    private static final int TRIED_FROM_A_PLACE = 200;

    private final ClusterConfig cluster;
    private final Topic<String, V> topic;
    private final KafkaConsumer<byte[], byte[]> consumer;
    private final Deserializer<V> values;
    private final Map<TopicPartition, Long> begins;
    private final Map<TopicPartition, Long> ends;

    /**
     * Opens a topic.
     *
     * @throws UserErrorException when it does not exist or the cluster cannot be read
     */
    public RecordPicker(ClusterConfig cluster, Topic<String, V> topic) {
        this.cluster = cluster;
        this.topic = topic;
        Map<String, Object> settings = cluster.consumer("realalign-inspect");
        settings.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, 100);
        settings.put(
                ConsumerConfig.DEFAULT_API_TIMEOUT_MS_CONFIG,
                Math.toIntExact(cluster.timeout().toMillis()));
        consumer = new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
        values = topic.valueDeserializer(cluster.registry());
        try {
            List<PartitionInfo> found = consumer.partitionsFor(topic.name());
            if (found == null || found.isEmpty()) {
                throw UserErrorException.failure("There is no topic " + topic + " on " + cluster.bootstrapServers()
                        + " yet: start the curator.");
            }
            List<TopicPartition> partitions = found.stream()
                    .map(info -> new TopicPartition(info.topic(), info.partition()))
                    .toList();
            begins = Map.copyOf(consumer.beginningOffsets(partitions));
            ends = Map.copyOf(consumer.endOffsets(partitions));
        } catch (KafkaException e) {
            close();
            throw unreadable(e);
        } catch (UserErrorException e) {
            close();
            throw e;
        }
    }

    /**
     * The newest records, the newest first.
     *
     * @param count how many at most
     * @param wanted which
     * @param time when a record was made
     */
    public List<V> newest(int count, Predicate<V> wanted, Function<V, Instant> time) {
        long back = count;
        while (true) {
            PriorityQueue<V> newest = new PriorityQueue<>(Comparator.comparing(time));
            Map<TopicPartition, Long> starts = new HashMap<>();
            for (Map.Entry<TopicPartition, Long> end : ends.entrySet()) {
                starts.put(end.getKey(), Math.max(begins.getOrDefault(end.getKey(), 0L), end.getValue() - back));
            }
            readValues(starts, value -> {
                if (wanted.test(value)) {
                    newest.add(value);
                    if (newest.size() > count) {
                        newest.remove();
                    }
                }
                return true;
            });
            if (newest.size() >= count || starts.equals(begins)) {
                return newest.stream()
                        .sorted(Comparator.comparing(time).reversed())
                        .toList();
            }
            back *= FARTHER;
        }
    }

    /**
     * Records from places drawn at random; none twice.
     *
     * @param count how many at most
     * @param wanted which; where none of the next ones is wanted, a place yields none
     * @param seed of the draw
     */
    public List<V> sampled(int count, Predicate<V> wanted, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        List<TopicPartition> partitions = ends.keySet().stream()
                .sorted(Comparator.comparingInt(TopicPartition::partition))
                .toList();
        long all = partitions.stream().mapToLong(this::size).sum();
        List<V> picked = new ArrayList<>();
        for (int draw = 0; draw < 4 * count && picked.size() < count && all > 0; draw++) {
            long place = random.nextLong(all);
            for (TopicPartition partition : partitions) {
                if (place < size(partition)) {
                    from(partition, begins.getOrDefault(partition, 0L) + place, wanted, picked);
                    break;
                }
                place -= size(partition);
            }
        }
        return picked;
    }

    /** The record at an offset; empty when it is no longer there or cannot be decoded. */
    public Optional<V> at(int partition, long offset) {
        List<ConsumerRecord<byte[], byte[]>> found = new ArrayList<>();
        read(Map.of(new TopicPartition(topic.name(), partition), offset), record -> {
            found.add(record);
            return false;
        });
        if (found.isEmpty() || found.get(0).offset() != offset || found.get(0).value() == null) {
            return Optional.empty();
        }
        try {
            return Optional.of(values.deserialize(topic.name(), found.get(0).value()));
        } catch (SerializationException undecodable) {
            return Optional.empty();
        }
    }

    private long size(TopicPartition partition) {
        return ends.getOrDefault(partition, 0L) - begins.getOrDefault(partition, 0L);
    }

    private void from(TopicPartition partition, long offset, Predicate<V> wanted, List<V> picked) {
        int[] tried = {0};
        readValues(Map.of(partition, offset), value -> {
            boolean taken = wanted.test(value) && !picked.contains(value) && picked.add(value);
            return !taken && ++tried[0] < TRIED_FROM_A_PLACE;
        });
    }

    private void readValues(Map<TopicPartition, Long> starts, Predicate<V> visitor) {
        read(
                starts,
                record -> record.value() == null || visitor.test(values.deserialize(topic.name(), record.value())));
    }

    /** Reads from these offsets to the end, until the visitor wants no more. */
    private void read(Map<TopicPartition, Long> starts, Predicate<ConsumerRecord<byte[], byte[]>> visitor) {
        try {
            consumer.assign(starts.keySet());
            starts.forEach(consumer::seek);
            long deadline = System.nanoTime() + cluster.timeout().toNanos();
            while (starts.keySet().stream()
                    .anyMatch(partition -> consumer.position(partition) < ends.getOrDefault(partition, 0L))) {
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
                    deadline = System.nanoTime() + cluster.timeout().toNanos();
                    if (!visitor.test(record)) {
                        return;
                    }
                }
                if (System.nanoTime() > deadline) {
                    throw UserErrorException.failure("The topic " + topic + " could not be read further within "
                            + cluster.timeout().toSeconds() + " s: see the broker's log.");
                }
            }
        } catch (KafkaException e) {
            throw unreadable(e);
        }
    }

    private UserErrorException unreadable(KafkaException e) {
        return UserErrorException.failure(
                "The topic " + topic + " cannot be read from " + cluster.bootstrapServers() + " (" + e.getMessage()
                        + "): start broker and registry, or correct " + ClusterConfig.BOOTSTRAP_SERVERS + " and "
                        + ClusterConfig.SCHEMA_REGISTRY_URL + ".",
                e);
    }

    @Override
    public void close() {
        consumer.close();
        values.close();
    }
}
