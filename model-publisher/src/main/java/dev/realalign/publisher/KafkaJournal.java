package dev.realalign.publisher;

import dev.realalign.runtime.ClusterConfig;
import dev.realalign.runtime.UserErrorException;
import dev.realalign.schemas.CheckpointAlias;
import dev.realalign.schemas.CheckpointCandidate;
import dev.realalign.schemas.CheckpointCommand;
import dev.realalign.schemas.CheckpointKeys;
import dev.realalign.schemas.CheckpointVersion;
import dev.realalign.schemas.PublishingDecision;
import dev.realalign.schemas.SubscriberStatus;
import dev.realalign.schemas.Topic;
import dev.realalign.schemas.TopicReader;
import dev.realalign.schemas.Topics;
import dev.realalign.schemas.UndecodableRecordException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The journal on Kafka: one transactional producer that writes versions, aliases and decisions, and a consumer whose
 * offsets go through that producer's transactions and nowhere else.
 */
final class KafkaJournal implements Journal {
    private static final Topic<String, CheckpointCandidate> CANDIDATES = Topics.CHECKPOINT_CANDIDATES;
    private static final Topic<String, CheckpointCommand> COMMANDS = Topics.CHECKPOINT_COMMANDS;

    private static final Logger log = LoggerFactory.getLogger(KafkaJournal.class);

    private final PublisherConfig config;
    private final PublishingStep.Observer steps;
    private final KafkaProducer<String, byte[]> producer;
    private final KafkaConsumer<String, byte[]> consumer;
    private final Deserializer<CheckpointCandidate> candidates;
    private final Deserializer<CheckpointCommand> commands;
    private final Serializer<CheckpointVersion> versions;
    private final Serializer<CheckpointAlias> aliases;
    private final Serializer<PublishingDecision> decisions;
    private final Map<TopicPartition, Long> committed = new HashMap<>();

    /** Makes the clients; {@link #history} connects them. */
    KafkaJournal(PublisherConfig config, PublishingStep.Observer steps) {
        this.config = config;
        this.steps = steps;
        ClusterConfig cluster = config.cluster();
        Map<String, Object> registry = cluster.registry();
        this.candidates = CANDIDATES.valueDeserializer(registry);
        this.commands = COMMANDS.valueDeserializer(registry);
        this.versions = Topics.CHECKPOINTS.valueSerializer(registry);
        this.aliases = Topics.CHECKPOINT_ALIASES.valueSerializer(registry);
        this.decisions = Topics.PUBLISHING_LOG.valueSerializer(registry);
        int timeout = Math.toIntExact(cluster.timeout().toMillis());
        Map<String, Object> sending = cluster.producer(config.transactionalId());
        sending.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, timeout);
        sending.put(ProducerConfig.TRANSACTIONAL_ID_CONFIG, config.transactionalId());
        this.producer = new KafkaProducer<>(sending, new StringSerializer(), new ByteArraySerializer());
        Map<String, Object> reading = cluster.consumer(config.group());
        reading.put(ConsumerConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, timeout);
        reading.put(ConsumerConfig.GROUP_ID_CONFIG, config.group());
        reading.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "none");
        this.consumer = new KafkaConsumer<>(reading, new StringDeserializer(), new ByteArrayDeserializer());
    }

    /**
     * The order matters: fencing first completes whatever transaction an earlier publisher left open, so that what is
     * read afterwards is final.
     */
    @Override
    public LineState history() {
        producer.initTransactions();
        LineState line = new LineState(config.model());
        read(Topics.CHECKPOINTS).forEach(line::replay); // what was retired is still read until compaction: see the log
        read(Topics.CHECKPOINT_ALIASES).forEach(line::replay);
        read(Topics.PUBLISHING_LOG).forEach(line::replay);
        seek();
        return line;
    }

    private <V extends SpecificRecord> List<V> read(Topic<String, V> topic) {
        List<V> values = new ArrayList<>();
        Map<String, Object> client = config.cluster().reader(config.group() + "-history");
        for (TopicReader.Entry<V> entry :
                TopicReader.readAll(topic, client, config.cluster().timeout())) {
            V value = entry.value();
            if (value != null) {
                values.add(value);
            }
        }
        return values;
    }

    private void seek() {
        Set<TopicPartition> partitions = Stream.of(CANDIDATES.name(), COMMANDS.name())
                .flatMap(topic -> consumer.partitionsFor(topic).stream())
                .map(info -> new TopicPartition(info.topic(), info.partition()))
                .collect(Collectors.toSet());
        consumer.assign(partitions);
        Map<TopicPartition, OffsetAndMetadata> offsets = consumer.committed(partitions);
        Map<TopicPartition, Long> beginnings = consumer.beginningOffsets(partitions);
        for (TopicPartition partition : partitions) {
            OffsetAndMetadata offset = offsets.get(partition);
            long beginning = beginnings.getOrDefault(partition, 0L);
            long next = offset == null ? beginning : offset.offset();
            if (next < beginning && partition.topic().equals(COMMANDS.name())) {
                log.warn(
                        "commands from offset {} to {} expired before a publisher of {} read them: who asked was told that"
                                + " nobody answered",
                        next,
                        beginning,
                        config.model());
                next = beginning;
            }
            if (next < beginning) {
                throw UserErrorException.failure("candidates from offset " + next + " to " + beginning
                        + " of " + partition
                        + " were deleted before they were decided. That topic must keep its records"
                        + " for ever; to go on without the lost ones, set the offset of group " + config.group()
                        + " forward.");
            }
            consumer.seek(partition, next);
            committed.put(partition, next);
        }
    }

    @Override
    public List<Delivery> poll(Duration timeout) {
        ConsumerRecords<String, byte[]> records = consumer.poll(timeout);
        List<Delivery> deliveries = new ArrayList<>();
        for (TopicPartition partition : records.partitions()) {
            for (ConsumerRecord<String, byte[]> record : records.records(partition)) {
                if (config.model().equals(record.key())) {
                    deliveries.add(delivery(record, new Position(partition, record.offset() + 1)));
                }
            }
        }
        if (deliveries.isEmpty()) {
            commitWhatConcernsOthers();
        }
        return deliveries;
    }

    private Delivery delivery(ConsumerRecord<String, byte[]> record, Position position) {
        try {
            Subject subject = record.topic().equals(CANDIDATES.name())
                    ? new Candidate(candidates.deserialize(record.topic(), record.value()))
                    : new Command(commands.deserialize(record.topic(), record.value()));
            return new Delivery(subject, position);
        } catch (KafkaException e) {
            UndecodableRecordException undecodable =
                    new UndecodableRecordException(position.partition(), record.offset(), e);
            if (undecodable.mayPass()) {
                throw undecodable;
            }
            return new Delivery(new Undecodable(String.valueOf(undecodable.getMessage())), position);
        }
    }

    /** What concerns other lines, and transaction markers are behind us too, or the group would lag for ever. */
    private void commitWhatConcernsOthers() {
        Map<TopicPartition, OffsetAndMetadata> passed = new HashMap<>();
        for (TopicPartition partition : consumer.assignment()) {
            long position = consumer.position(partition);
            if (position > committed.getOrDefault(partition, 0L)) {
                passed.put(partition, new OffsetAndMetadata(position));
            }
        }
        if (!passed.isEmpty()) {
            commitOffsets(passed);
        }
    }

    @Override
    public void confirmOwnership(Position position) {
        commitOffsets(Map.of(position.partition(), new OffsetAndMetadata(position.next())));
    }

    private void commitOffsets(Map<TopicPartition, OffsetAndMetadata> offsets) {
        producer.beginTransaction();
        producer.sendOffsetsToTransaction(offsets, consumer.groupMetadata());
        producer.commitTransaction();
        offsets.forEach((partition, offset) -> committed.put(partition, offset.offset()));
    }

    @Override
    public void commit(Announcement announcement, Position position) {
        producer.beginTransaction();
        steps.passed(PublishingStep.TRANSACTION_BEGUN);
        String model = config.model();
        announcement
                .version()
                .ifPresent(version -> send(
                        Topics.CHECKPOINTS, CheckpointKeys.version(model, version.getVersion()), version, versions));
        announcement
                .alias()
                .ifPresent(alias ->
                        send(Topics.CHECKPOINT_ALIASES, CheckpointKeys.alias(model, alias.getAlias()), alias, aliases));
        announcement.decision().ifPresent(decision -> send(Topics.PUBLISHING_LOG, model, decision, decisions));
        producer.flush();
        steps.passed(PublishingStep.RECORDS_SENT);
        producer.sendOffsetsToTransaction(
                Map.of(position.partition(), new OffsetAndMetadata(position.next())), consumer.groupMetadata());
        steps.passed(PublishingStep.OFFSET_SENT);
        producer.commitTransaction();
        committed.put(position.partition(), position.next());
    }

    @Override
    public List<SubscriberStatus> subscribers() {
        Map<String, SubscriberStatus> newest = new TreeMap<>();
        for (SubscriberStatus status : read(Topics.SUBSCRIBER_STATUS)) {
            if (status.getModel().equals(config.model())) {
                newest.put(status.getSubscriber(), status);
            }
        }
        return List.copyOf(newest.values());
    }

    @Override
    public void retire(PublishingDecision decision) {
        producer.beginTransaction();
        String key = CheckpointKeys.version(config.model(), decision.getVersion());
        var unused = producer.send(new ProducerRecord<>(Topics.CHECKPOINTS.name(), 0, key, null));
        send(Topics.PUBLISHING_LOG, config.model(), decision, decisions);
        producer.commitTransaction();
    }

    private <V extends SpecificRecord> void send(
            Topic<String, V> topic, String key, V value, Serializer<V> serializer) {
        // whatever fails in sending fails the commit
        var unused =
                producer.send(new ProducerRecord<>(topic.name(), 0, key, serializer.serialize(topic.name(), value)));
    }

    /** Ends a poll that is waiting, from another thread. */
    void wakeup() {
        consumer.wakeup();
    }

    @Override
    public void close() {
        producer.close(config.cluster().timeout());
        consumer.close();
        candidates.close();
        commands.close();
        versions.close();
        aliases.close();
        decisions.close();
    }
}
