package dev.realalign.generator.kafka;

import dev.realalign.generator.answer.AnswerCounts;
import dev.realalign.generator.answer.Answered;
import dev.realalign.generator.answer.Received;
import dev.realalign.runtime.ClusterConfig;
import dev.realalign.schemas.GeneratedNegative;
import dev.realalign.schemas.Topics;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.apache.kafka.clients.consumer.AcknowledgeType;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A member of a share group (KIP-932): any number of workers share a partition, a slow one holds up nobody, and a request
 * of a dead one is given to another when its lock runs out. A request is answered at least once; the curator drops doubles.
 *
 * <p>Locks are renewed while a batch is drawn. The client hands renewed records out once more at the next poll, which is
 * done at once.
 */
public final class ShareRequests implements RequestStream {
    private static final Logger log = LoggerFactory.getLogger(ShareRequests.class);
    private static final Duration SHORT = Duration.ofMillis(100);
    private static final Duration HANDED_OUT_WITHIN = Duration.ofSeconds(3);
    private static final int DEFAULT_LOCK_MS = 30_000;
    /** Locks are renewed when this part of their time is over. */
    private static final int RENEWALS_PER_LOCK = 3;

    private final ClusterConfig cluster;
    private final KafkaShareConsumer<String, byte[]> consumer;
    private final KafkaProducer<String, byte[]> producer;
    private final RequestDecoder decoder;
    private final Serializer<GeneratedNegative> answers;

    /** Records that are locked for this member and not acknowledged. */
    private final List<ConsumerRecord<String, byte[]>> held = new ArrayList<>();

    private long lockedAt;

    private ShareRequests(ClusterConfig cluster, String group, String worker, int most, AnswerCounts counts) {
        this.cluster = cluster;
        Map<String, Object> reading = cluster.shareConsumer(worker);
        reading.put(ConsumerConfig.GROUP_ID_CONFIG, group);
        reading.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, most);
        reading.put(ConsumerConfig.SHARE_ACKNOWLEDGEMENT_MODE_CONFIG, "explicit");
        reading.put(ConsumerConfig.SHARE_ACQUIRE_MODE_CONFIG, "record_limit"); // no more than can be drawn at once
        this.producer =
                new KafkaProducer<>(cluster.producer(worker), new StringSerializer(), new ByteArraySerializer());
        this.consumer = new KafkaShareConsumer<>(reading, new StringDeserializer(), new ByteArrayDeserializer());
        this.decoder = new RequestDecoder(cluster.registry(), counts);
        this.answers = Topics.GENERATED_NEGATIVES.valueSerializer(cluster.registry());
    }

    /**
     * Joins; the group's own settings must be made before.
     *
     * @param group name of the group
     * @param worker name of this member
     * @param most requests taken at once
     */
    public static ShareRequests join(
            ClusterConfig cluster, String group, String worker, int most, AnswerCounts counts) {
        ShareRequests requests = new ShareRequests(cluster, group, worker, most, counts);
        requests.consumer.subscribe(List.of(Topics.NEGATIVE_REQUESTS.name()));
        return requests;
    }

    @Override
    public List<Received> take(Duration wait) {
        consumer.poll(wait).forEach(held::add);
        lockedAt = System.nanoTime();
        List<Received> taken = new ArrayList<>();
        for (ConsumerRecord<String, byte[]> record : held) {
            decoder.decode(record).ifPresent(taken::add);
        }
        if (taken.isEmpty()) {
            acceptAll(); // nothing, or records that are no requests
        }
        return taken;
    }

    @Override
    public void beat() {
        int lock = consumer.acquisitionLockTimeoutMs().orElse(DEFAULT_LOCK_MS);
        if (System.nanoTime() - lockedAt < Duration.ofMillis(lock).toNanos() / RENEWALS_PER_LOCK) {
            return;
        }
        held.forEach(record -> consumer.acknowledge(record, AcknowledgeType.RENEW));
        warnOfFailures(consumer.commitSync());
        lockedAt = System.nanoTime();
        takeBack();
    }

    /** Renewed records are handed out once more, at the next poll; those whose lock was lost are not. */
    private void takeBack() {
        Set<String> missing = new HashSet<>();
        held.forEach(record -> missing.add(place(record)));
        held.clear();
        // all come at once, and then no further poll is allowed before they are acknowledged
        while (held.isEmpty() && System.nanoTime() - lockedAt < HANDED_OUT_WITHIN.toNanos()) {
            for (ConsumerRecord<String, byte[]> record : consumer.poll(SHORT)) {
                if (missing.remove(place(record))) {
                    held.add(record);
                } else {
                    consumer.acknowledge(record, AcknowledgeType.RELEASE); // somebody else may have it sooner
                }
            }
        }
        if (!missing.isEmpty()) {
            log.warn("the locks of {} requests were lost while they were drawn; they will be answered again", missing);
        }
    }

    private static String place(ConsumerRecord<String, byte[]> record) {
        return record.partition() + "@" + record.offset();
    }

    @Override
    public List<Answered> finish(List<Answered> answered) {
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        for (Answered one : answered) {
            sent.add(producer.send(new ProducerRecord<>(
                    Topics.GENERATED_NEGATIVES.name(),
                    one.answer().getImageId(),
                    answers.serialize(Topics.GENERATED_NEGATIVES.name(), one.answer()))));
        }
        producer.flush();
        sent.forEach(ShareRequests::requireWritten);
        acceptAll();
        return answered;
    }

    private static void requireWritten(Future<RecordMetadata> sent) {
        try {
            sent.get();
        } catch (InterruptedException e) {
            throw new InterruptException(e);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof KafkaException cause ? cause : new KafkaException(e.getCause());
        }
    }

    private void acceptAll() {
        if (!held.isEmpty()) {
            held.forEach(record -> consumer.acknowledge(record, AcknowledgeType.ACCEPT));
            held.clear();
            warnOfFailures(consumer.commitSync());
        }
    }

    /** What could not be acknowledged is given out and answered once more. */
    private static void warnOfFailures(Map<TopicIdPartition, Optional<KafkaException>> results) {
        results.forEach((partition, failure) -> failure.ifPresent(e -> log.warn(
                "requests of {} could not be acknowledged and will be answered again: {}", partition, e.getMessage())));
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
