package dev.realalign.schemas;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.Deserializer;
import org.jspecify.annotations.Nullable;

/**
 * Reads a topic from its beginning: committed records only, in no consumer group, leaving no trace. Whoever needs the
 * state that a topic holds (versions, aliases, decisions) reads it so.
 *
 * <p>Not for use by several threads, {@link #wakeup} apart.
 *
 * @param <V> value type of the topic
 */
public final class TopicReader<V extends SpecificRecord> implements AutoCloseable {
    private static final Duration STEP = Duration.ofMillis(200);

    private final Topic<String, V> topic;
    private final Consumer<byte[], byte[]> consumer;
    private final Deserializer<V> values;
    private final Map<TopicPartition, Long> ends;

    /**
     * A record, decoded.
     *
     * @param key key as text
     * @param value null for a tombstone
     * @param partition where it stands
     * @param offset where it stands
     * @param <V> value type
     */
    public record Entry<V>(String key, @Nullable V value, TopicPartition partition, long offset) {}

    TopicReader(Topic<String, V> topic, Consumer<byte[], byte[]> consumer, Deserializer<V> values) {
        this.topic = topic;
        this.consumer = consumer;
        this.values = values;
        List<PartitionInfo> found = consumer.partitionsFor(topic.name());
        if (found == null || found.isEmpty()) {
            throw new UnknownTopicOrPartitionException("topic " + topic + " does not exist");
        }
        List<TopicPartition> partitions = found.stream()
                .map(info -> new TopicPartition(info.topic(), info.partition()))
                .toList();
        consumer.assign(partitions);
        consumer.seekToBeginning(partitions);
        this.ends = new HashMap<>(consumer.endOffsets(partitions));
    }

    /**
     * Opens a topic at its beginning.
     *
     * @param client client properties: {@code bootstrap.servers}, {@code schema.registry.url} and what securing them needs
     * @throws UnknownTopicOrPartitionException when the topic does not exist
     * @throws KafkaException when the brokers cannot be reached or refuse
     */
    public static <V extends SpecificRecord> TopicReader<V> open(Topic<String, V> topic, Map<String, ?> client) {
        Map<String, Object> settings = new HashMap<>(client);
        settings.remove(ConsumerConfig.GROUP_ID_CONFIG);
        settings.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
        settings.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
        settings.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        settings.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
        Deserializer<V> values = topic.valueDeserializer(client);
        KafkaConsumer<byte[], byte[]> consumer;
        try {
            consumer = new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
        } catch (KafkaException e) {
            values.close();
            throw e;
        }
        try {
            return new TopicReader<>(topic, consumer, values);
        } catch (KafkaException e) {
            consumer.close();
            values.close();
            throw e;
        }
    }

    /**
     * Every record committed so far, in the order of the partitions.
     *
     * @param timeout how long to wait for the brokers in all
     */
    public static <V extends SpecificRecord> List<Entry<V>> readAll(
            Topic<String, V> topic, Map<String, ?> client, Duration timeout) {
        try (TopicReader<V> reader = open(topic, client)) {
            List<Entry<V>> all = new ArrayList<>();
            long deadline = System.nanoTime() + timeout.toNanos();
            while (!reader.isAtEnd()) {
                if (System.nanoTime() > deadline) {
                    throw new TimeoutException("topic " + topic + " could not be read to its end within "
                            + timeout.toSeconds() + " seconds");
                }
                all.addAll(reader.poll(STEP));
            }
            return all;
        }
    }

    /**
     * The next records; none when nothing came in time.
     *
     * @throws UndecodableRecordException when the next record cannot be decoded. The reader stays before it: polling
     *     again tries again, {@link #skip} passes over it.
     */
    public List<Entry<V>> poll(Duration timeout) {
        ConsumerRecords<byte[], byte[]> records = consumer.poll(timeout);
        List<Entry<V>> entries = new ArrayList<>(records.count());
        UndecodableRecordException undecodable = null;
        for (TopicPartition partition : records.partitions()) {
            for (ConsumerRecord<byte[], byte[]> record : records.records(partition)) {
                try {
                    entries.add(decode(record, partition));
                } catch (KafkaException e) {
                    consumer.seek(partition, record.offset());
                    undecodable = new UndecodableRecordException(partition, record.offset(), e);
                    break;
                }
            }
        }
        if (undecodable != null && entries.isEmpty()) {
            throw undecodable;
        }
        return entries;
    }

    /** Passes over a record that cannot be decoded. */
    public void skip(UndecodableRecordException undecodable) {
        consumer.seek(undecodable.partition(), undecodable.offset() + 1);
    }

    /** Whether everything that was committed when the reader was opened has been returned. */
    public boolean isAtEnd() {
        return ends.entrySet().stream().allMatch(end -> consumer.position(end.getKey()) >= end.getValue());
    }

    /** Ends a poll that is waiting, from another thread: it throws {@code WakeupException}. */
    public void wakeup() {
        consumer.wakeup();
    }

    @Override
    public void close() {
        consumer.close();
        values.close();
    }

    private Entry<V> decode(ConsumerRecord<byte[], byte[]> record, TopicPartition partition) {
        byte[] key = record.key();
        V value = record.value() == null ? null : values.deserialize(topic.name(), record.value());
        return new Entry<>(
                key == null ? "" : new String(key, StandardCharsets.UTF_8), value, partition, record.offset());
    }
}
