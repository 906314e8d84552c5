package dev.realalign.generator.kafka;

import dev.realalign.generator.answer.AnswerCounts;
import dev.realalign.generator.answer.Answered;
import dev.realalign.generator.answer.Received;
import dev.realalign.runtime.ClusterConfig;
import dev.realalign.schemas.GeneratedNegative;
import dev.realalign.schemas.Topics;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A member of a consumer group: answers and offsets go in one transaction, so that every request is answered exactly once,
 * whoever dies when.
 *
 * <p>While a batch is drawn the partitions are paused and polled, so that the member stays in its group however long that
 * takes and others may join. A partition that goes to another worker meanwhile takes its requests with it.
 */
public final class GroupRequests implements RequestStream {
    private static final Logger log = LoggerFactory.getLogger(GroupRequests.class);
    private static final String TOPIC = Topics.NEGATIVE_REQUESTS.name();
    private static final long BEAT_NANOS = Duration.ofSeconds(1).toNanos();

    /** A transaction lasts as long as the sending, not as the drawing; one of a dead worker holds up readers this long. */
    private static final Duration TRANSACTION_TIMEOUT = Duration.ofSeconds(10);

    private final ClusterConfig cluster;
    private final KafkaConsumer<String, byte[]> consumer;
    private final KafkaProducer<String, byte[]> producer;
    private final RequestDecoder decoder;
    private final Serializer<GeneratedNegative> answers;

    /** Offsets after what was taken and is not finished. */
    private final Map<TopicPartition, OffsetAndMetadata> next = new HashMap<>();
    /** Partitions that went to others since requests were taken. */
    private final Set<TopicPartition> lost = new HashSet<>();

    private final Map<TopicPartition, Long> committed = new HashMap<>();
    private boolean working;
    private long beatenAt;

    private GroupRequests(ClusterConfig cluster, String group, String worker, int most, AnswerCounts counts) {
        this.cluster = cluster;
        Map<String, Object> reading = cluster.consumer(worker);
        reading.put(ConsumerConfig.GROUP_ID_CONFIG, group);
        reading.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, most);
        reading.putIfAbsent(
                ConsumerConfig.PARTITION_ASSIGNMENT_STRATEGY_CONFIG, CooperativeStickyAssignor.class.getName());
        if ("consumer".equals(reading.get(ConsumerConfig.GROUP_PROTOCOL_CONFIG))) {
            reading.remove(ConsumerConfig.PARTITION_ASSIGNMENT_STRATEGY_CONFIG); // the brokers assign
        }
        Map<String, Object> writing = cluster.producer(worker);
        writing.put(ProducerConfig.TRANSACTIONAL_ID_CONFIG, worker);
        writing.put(ProducerConfig.TRANSACTION_TIMEOUT_CONFIG, Math.toIntExact(TRANSACTION_TIMEOUT.toMillis()));
        writing.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, Math.toIntExact(TRANSACTION_TIMEOUT.toMillis()));
        writing.put(ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, Math.toIntExact(TRANSACTION_TIMEOUT.toMillis() / 2));
        this.producer = new KafkaProducer<>(writing, new StringSerializer(), new ByteArraySerializer());
        this.consumer = new KafkaConsumer<>(reading, new StringDeserializer(), new ByteArrayDeserializer());
        this.decoder = new RequestDecoder(cluster.registry(), counts);
        this.answers = Topics.GENERATED_NEGATIVES.valueSerializer(cluster.registry());
    }

    /**
     * Joins.
     *
     * @param group name of the group
     * @param worker name of this member, also its transactional id: whoever joins under the same name fences it
     * @param most requests taken at once
     */
    public static GroupRequests join(
            ClusterConfig cluster, String group, String worker, int most, AnswerCounts counts) {
        GroupRequests requests = new GroupRequests(cluster, group, worker, most, counts);
        try {
            requests.producer.initTransactions();
            requests.consumer.subscribe(List.of(TOPIC), requests.new Assignments());
            return requests;
        } catch (RuntimeException e) {
            requests.close();
            throw e;
        }
    }

    /** What the group gives and takes; called inside polls. */
    private final class Assignments implements ConsumerRebalanceListener {
        @Override
        public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
            if (working) {
                consumer.pause(partitions);
            }
        }

        @Override
        public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
            lost.addAll(partitions);
            committed.keySet().removeAll(partitions);
        }
    }

    @Override
    public List<Received> take(Duration wait) {
        consumer.resume(consumer.paused());
        ConsumerRecords<String, byte[]> records = consumer.poll(wait);
        lost.clear(); // what is polled belongs to partitions that are held now
        if (records.isEmpty()) {
            commitMarkers();
            return List.of();
        }
        List<Received> taken = new ArrayList<>();
        for (ConsumerRecord<String, byte[]> record : records) {
            decoder.decode(record).ifPresent(taken::add);
        }
        next.putAll(records.nextOffsets());
        if (taken.isEmpty()) { // records that are no requests: done with before their partition can go elsewhere
            finish(List.of());
            return List.of();
        }
        working = true;
        beatenAt = System.nanoTime();
        consumer.pause(consumer.assignment());
        return taken;
    }

    @Override
    public void beat() {
        if (System.nanoTime() - beatenAt >= BEAT_NANOS) {
            ConsumerRecords<String, byte[]> none = consumer.poll(Duration.ZERO);
            if (!none.isEmpty()) {
                throw new IllegalStateException("paused partitions gave records");
            }
            beatenAt = System.nanoTime();
        }
    }

    @Override
    public List<Answered> finish(List<Answered> answered) {
        Set<Integer> gone = new HashSet<>();
        for (TopicPartition partition : lost) {
            if (next.remove(partition) != null) {
                gone.add(partition.partition());
            }
        }
        List<Answered> kept = answered.stream()
                .filter(one -> !gone.contains(one.received().partition()))
                .toList();
        if (!gone.isEmpty()) {
            log.info(
                    "partitions {} went to another worker, which answers {} requests drawn here in vain",
                    gone,
                    answered.size() - kept.size());
        }
        commit(kept, next);
        next.clear();
        working = false;
        return kept;
    }

    private void commit(List<Answered> kept, Map<TopicPartition, OffsetAndMetadata> offsets) {
        if (offsets.isEmpty()) {
            return;
        }
        producer.beginTransaction();
        try {
            for (Answered one : kept) {
                // whatever fails in sending fails the commit
                var unused = producer.send(new ProducerRecord<>(
                        Topics.GENERATED_NEGATIVES.name(),
                        one.answer().getImageId(),
                        answers.serialize(Topics.GENERATED_NEGATIVES.name(), one.answer())));
            }
            producer.sendOffsetsToTransaction(offsets, consumer.groupMetadata());
            producer.commitTransaction();
        } catch (KafkaException e) {
            abort(e);
            throw e;
        }
        offsets.forEach((partition, offset) -> committed.put(partition, offset.offset()));
    }

    private void abort(KafkaException cause) {
        try {
            producer.abortTransaction();
        } catch (KafkaException e) { // a producer that was fenced cannot; its transaction is over already
            cause.addSuppressed(e);
        }
    }

    /** Transaction markers are behind us too, or the group would lag for ever. */
    private void commitMarkers() {
        Map<TopicPartition, OffsetAndMetadata> passed = new HashMap<>();
        for (TopicPartition partition : consumer.assignment()) {
            long position = consumer.position(partition);
            if (position > committed.computeIfAbsent(partition, this::committedBefore)) {
                passed.put(partition, new OffsetAndMetadata(position));
            }
        }
        commit(List.of(), passed);
    }

    private long committedBefore(TopicPartition partition) {
        return Optional.ofNullable(consumer.committed(Set.of(partition)).get(partition))
                .map(OffsetAndMetadata::offset)
                .orElse(0L);
    }

    @Override
    public void wakeup() {
        consumer.wakeup();
    }

    @Override
    public void close() {
        producer.close(cluster.timeout());
        consumer.close();
        decoder.close();
        answers.close();
    }
}
