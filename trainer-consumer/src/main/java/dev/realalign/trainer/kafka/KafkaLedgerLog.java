package dev.realalign.trainer.kafka;

import dev.realalign.schemas.CheckpointCandidate;
import dev.realalign.schemas.LedgerEntry;
import dev.realalign.schemas.Topic;
import dev.realalign.schemas.TopicReader;
import dev.realalign.schemas.Topics;
import dev.realalign.trainer.ledger.FencedException;
import dev.realalign.trainer.ledger.LedgerLog;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InvalidProducerEpochException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.Serializer;

/**
 * Ledger and announcements through one transactional producer named after the model line: whoever takes over fences
 * whoever was there before, so that a line never has two trainers writing.
 */
public final class KafkaLedgerLog implements LedgerLog {
    private static final Duration POLL = Duration.ofMillis(200);

    private final String model;
    private final String group;
    private final Producer<byte[], byte[]> producer;
    private final Serializer<LedgerEntry> entries;
    private final Serializer<CheckpointCandidate> announcements;
    private final Map<String, Object> reader;
    private final Duration timeout;

    KafkaLedgerLog(
            String model,
            String group,
            Producer<byte[], byte[]> producer,
            Map<String, Object> registry,
            Map<String, Object> reader,
            Duration timeout) {
        this.model = model;
        this.group = group;
        this.producer = producer;
        this.entries = Topics.TRAINING_LEDGER.valueSerializer(registry);
        this.announcements = Topics.CHECKPOINT_CANDIDATES.valueSerializer(registry);
        this.reader = reader;
        this.timeout = timeout;
    }

    /**
     * Opens the log.
     *
     * @param group group under which lag tools see the trainer
     * @param producer properties of an idempotent producer
     * @param registry properties of the registry client
     * @param reader properties of a reader of committed records
     * @param timeout longest wait without a record while the history is read
     */
    public static KafkaLedgerLog open(
            String model,
            String group,
            Map<String, Object> producer,
            Map<String, Object> registry,
            Map<String, Object> reader,
            Duration timeout) {
        Map<String, Object> settings = new HashMap<>(producer);
        settings.put(ProducerConfig.TRANSACTIONAL_ID_CONFIG, transactionalId(model));
        return new KafkaLedgerLog(
                model,
                group,
                new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer()),
                registry,
                reader,
                timeout);
    }

    /** The transactional id of whoever trains a line. */
    public static String transactionalId(String model) {
        return "trainer-" + model;
    }

    @Override
    public void takeOver() {
        producer.initTransactions();
    }

    @Override
    public List<CheckpointCandidate> candidates() {
        List<CheckpointCandidate> announced = new ArrayList<>();
        read(Topics.CHECKPOINT_CANDIDATES, announced::add);
        return announced;
    }

    @Override
    public void read(Consumer<LedgerEntry> into) {
        read(Topics.TRAINING_LEDGER, into);
    }

    /** Hands over the line's records one by one: a ledger that is kept for ever need not fit into memory. */
    private <V extends SpecificRecord> void read(Topic<String, V> topic, Consumer<V> into) {
        try (TopicReader<V> records = TopicReader.open(topic, reader)) {
            long deadline = System.nanoTime() + timeout.toNanos();
            while (!records.isAtEnd()) {
                List<TopicReader.Entry<V>> found = records.poll(POLL);
                for (TopicReader.Entry<V> entry : found) {
                    if (entry.key().equals(model) && entry.value() != null) {
                        into.accept(entry.value());
                    }
                }
                if (!found.isEmpty()) {
                    deadline = System.nanoTime() + timeout.toNanos();
                } else if (System.nanoTime() > deadline) {
                    throw new TimeoutException(
                            "nothing of topic " + topic + " could be read for " + timeout.toSeconds() + " seconds");
                }
            }
        }
    }

    @Override
    public void append(List<LedgerEntry> appended) {
        commit(() -> appended.forEach(entry -> send(Topics.TRAINING_LEDGER, entries, entry)));
    }

    @Override
    public void announce(CheckpointCandidate candidate) {
        commit(() -> send(Topics.CHECKPOINT_CANDIDATES, announcements, candidate));
    }

    @Override
    public void confirmOwnership(SortedMap<Integer, Long> nextOffsets) {
        Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
        nextOffsets.forEach((partition, offset) -> offsets.put(
                new TopicPartition(Topics.PREFERENCE_TRIPLES.name(), partition), new OffsetAndMetadata(offset)));
        commit(() -> producer.sendOffsetsToTransaction(offsets, new ConsumerGroupMetadata(group)));
    }

    private <V extends SpecificRecord> void send(Topic<String, V> topic, Serializer<V> serializer, V value) {
        // commitTransaction throws what the send met
        Future<RecordMetadata> unused = producer.send(new ProducerRecord<>(
                topic.name(), model.getBytes(StandardCharsets.UTF_8), serializer.serialize(topic.name(), value)));
    }

    private void commit(Runnable transaction) {
        try {
            producer.beginTransaction();
            transaction.run();
            producer.commitTransaction();
        } catch (KafkaException e) {
            for (Throwable cause = e; cause != null; cause = cause.getCause()) {
                if (cause instanceof ProducerFencedException || cause instanceof InvalidProducerEpochException) {
                    throw new FencedException(
                            "another trainer of model " + model + " has taken over, so nothing more of this one counts",
                            e);
                }
            }
            throw e;
        }
    }

    @Override
    public void close() {
        producer.close(timeout);
        entries.close();
        announcements.close();
    }
}
