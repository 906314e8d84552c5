package dev.realalign.app.demo;

import dev.realalign.runtime.ClusterConfig;
import dev.realalign.schemas.CheckpointCandidate;
import dev.realalign.schemas.CheckpointKeys;
import dev.realalign.schemas.CheckpointVersion;
import dev.realalign.schemas.ImageRejection;
import dev.realalign.schemas.PreferenceTriple;
import dev.realalign.schemas.PublishingDecision;
import dev.realalign.schemas.Topics;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.Deserializer;
import org.jspecify.annotations.Nullable;

/**
 * Keeps a {@link Census} up to date in a thread of its own, reading the topics from their beginning in no consumer group. Triples are counted by their
 * records alone, without decoding the pictures.
 */
final class CensusTaker implements AutoCloseable {
    private static final Duration POLL = Duration.ofMillis(200);

    private final String model;
    private final KafkaConsumer<byte[], byte[]> consumer;
    private final Deserializer<PreferenceTriple> preferenceTriples;
    private final Deserializer<ImageRejection> rejections;
    private final Deserializer<CheckpointCandidate> candidates;
    private final Deserializer<PublishingDecision> decisions;
    private final Deserializer<CheckpointVersion> versions;
    private final List<TopicPartition> realImages;
    private final List<TopicPartition> readTriples;
    private final Thread thread;

    private final Map<String, Map<String, Long>> negativesSoFar = new TreeMap<>();
    private final Map<String, Long> rejectedSoFar = new TreeMap<>();
    private final List<CheckpointCandidate> candidatesSoFar = new ArrayList<>();
    private final List<PublishingDecision> decisionsSoFar = new ArrayList<>();
    private final Map<Long, CheckpointVersion> versionsSoFar = new TreeMap<>();
    private long fed;
    private long triples;
    private Census latest = Census.EMPTY;
    private @Nullable RuntimeException failure;
    private volatile boolean closing;

    /** Begins to read; the topics must exist. */
    CensusTaker(ClusterConfig cluster, String model) {
        this.model = model;
        Map<String, Object> settings = cluster.consumer("demo-census");
        settings.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, 2_000);
        consumer = new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
        preferenceTriples = Topics.PREFERENCE_TRIPLES.valueDeserializer(cluster.registry());
        rejections = Topics.IMAGE_REJECTIONS.valueDeserializer(cluster.registry());
        candidates = Topics.CHECKPOINT_CANDIDATES.valueDeserializer(cluster.registry());
        decisions = Topics.PUBLISHING_LOG.valueDeserializer(cluster.registry());
        versions = Topics.CHECKPOINTS.valueDeserializer(cluster.registry());
        realImages = partitions(Topics.REAL_IMAGES.name());
        readTriples = partitions(Topics.PREFERENCE_TRIPLES.name());
        List<TopicPartition> assigned = new ArrayList<>(realImages);
        assigned.addAll(readTriples);
        List.of(Topics.IMAGE_REJECTIONS, Topics.CHECKPOINT_CANDIDATES, Topics.PUBLISHING_LOG, Topics.CHECKPOINTS)
                .forEach(topic -> assigned.addAll(partitions(topic.name())));
        consumer.assign(assigned);
        consumer.seekToBeginning(assigned);
        // their ends are asked for, their pictures are not wanted
        consumer.pause(realImages);
        thread = new Thread(this::take, "demo-census");
        thread.setDaemon(true);
        thread.start();
    }

    /**
     * The newest count.
     *
     * @throws RuntimeException what ended the counting, when something did
     */
    synchronized Census census() {
        if (failure != null) {
            throw failure;
        }
        return latest;
    }

    private List<TopicPartition> partitions(String topic) {
        return consumer.partitionsFor(topic).stream()
                .map((PartitionInfo info) -> new TopicPartition(topic, info.partition()))
                .toList();
    }

    private long end(List<TopicPartition> partitions) {
        return partitions.stream().mapToLong(consumer::position).sum();
    }

    private void take() {
        try (consumer) {
            while (!closing) {
                consumer.poll(POLL).forEach(this::count);
                // real-images has one plain writer: no transaction markers, so its end offsets count records
                fed = consumer.endOffsets(realImages).values().stream()
                        .mapToLong(Long::longValue)
                        .sum();
                synchronized (this) {
                    latest = new Census(
                            fed,
                            triples,
                            end(readTriples),
                            negativesSoFar,
                            rejectedSoFar,
                            candidatesSoFar,
                            decisionsSoFar,
                            List.copyOf(versionsSoFar.values()));
                }
            }
        } catch (WakeupException e) {
            if (!closing) {
                fail(e);
            }
        } catch (RuntimeException e) {
            fail(e);
        }
    }

    private synchronized void fail(RuntimeException e) {
        failure = e;
    }

    private void count(ConsumerRecord<byte[], byte[]> record) {
        String topic = record.topic();
        if (topic.equals(Topics.PREFERENCE_TRIPLES.name())) {
            triples++;
            PreferenceTriple triple = preferenceTriples.deserialize(topic, record.value());
            negativesSoFar
                    .computeIfAbsent(triple.getKind(), kind -> new TreeMap<>())
                    .merge(maker(triple), 1L, Long::sum);
        } else if (topic.equals(Topics.IMAGE_REJECTIONS.name())) {
            rejectedSoFar.merge(rejections.deserialize(topic, record.value()).getReason(), 1L, Long::sum);
        } else if (topic.equals(Topics.CHECKPOINT_CANDIDATES.name())) {
            CheckpointCandidate candidate = candidates.deserialize(topic, record.value());
            if (candidate.getModel().equals(model)) {
                candidatesSoFar.add(candidate);
            }
        } else if (topic.equals(Topics.PUBLISHING_LOG.name())) {
            PublishingDecision decision = decisions.deserialize(topic, record.value());
            if (decision.getModel().equals(model) && decision.getAction().equals(CheckpointKeys.PUBLISH)) {
                decisionsSoFar.add(decision);
            }
        } else if (record.value() != null) {
            CheckpointVersion version = versions.deserialize(topic, record.value());
            if (version.getModel().equals(model)) {
                versionsSoFar.put(version.getVersion(), version);
            }
        }
    }

    private static String maker(PreferenceTriple triple) {
        if (triple.getGeneratorVersion() != null) {
            return "version " + triple.getGeneratorVersion();
        }
        return triple.getGeneratorModel() == null ? "perturbed" : "base model";
    }

    @Override
    public void close() throws InterruptedException {
        closing = true;
        consumer.wakeup();
        thread.join();
    }
}
