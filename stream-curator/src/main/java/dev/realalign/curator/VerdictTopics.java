package dev.realalign.curator;

import dev.realalign.runtime.ClusterConfig;
import dev.realalign.runtime.ClusterSetup;
import dev.realalign.runtime.UserErrorException;
import dev.realalign.schemas.ImageRejection;
import dev.realalign.schemas.PreferenceTriple;
import dev.realalign.schemas.Topic;
import dev.realalign.schemas.Topics;
import java.util.List;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * Where verdicts go.
 *
 * @param triples topic of triples
 * @param rejections topic of rejections
 */
record VerdictTopics(Topic<String, PreferenceTriple> triples, Topic<String, ImageRejection> rejections) {
    /** Where the curator writes. */
    static final VerdictTopics OF_THE_STREAM = new VerdictTopics(Topics.PREFERENCE_TRIPLES, Topics.IMAGE_REJECTIONS);

    private static final String REJECTIONS_SUFFIX = "-rejections";

    /**
     * Topics of a second run.
     *
     * @param name of the topic of triples; that of the rejections has {@value #REJECTIONS_SUFFIX} behind it
     */
    static VerdictTopics named(String name) {
        return new VerdictTopics(
                Topics.PREFERENCE_TRIPLES.named(name), Topics.IMAGE_REJECTIONS.named(name + REJECTIONS_SUFFIX));
    }

    private List<Topic<?, ?>> both() {
        return List.of(triples, rejections);
    }

    /**
     * Makes topics of a second run.
     *
     * @throws UserErrorException when one of them is the stream's own, or holds records already
     */
    void prepareEmpty(ClusterConfig cluster) {
        for (Topic<?, ?> topic : both()) {
            if (Topics.all().stream().anyMatch(known -> known.name().equals(topic.name()))) {
                throw UserErrorException.usage(
                        "The topic " + topic + " belongs to the stream itself: name another one with --to.");
            }
        }
        ClusterSetup.prepare(cluster, both());
        try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(
                cluster.consumer("realalign-replay"), new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            for (Topic<?, ?> topic : both()) {
                List<TopicPartition> partitions = consumer.partitionsFor(topic.name()).stream()
                        .map(info -> new TopicPartition(topic.name(), info.partition()))
                        .toList();
                if (consumer.endOffsets(partitions).values().stream().anyMatch(end -> end > 0)) {
                    throw UserErrorException.usage("The topic " + topic
                            + " holds records already: name another one with --to, or delete it first.");
                }
            }
        } catch (KafkaException e) {
            throw UserErrorException.failure(
                    "The topics " + both() + " cannot be looked at: " + e.getMessage() + ".", e);
        }
    }
}
