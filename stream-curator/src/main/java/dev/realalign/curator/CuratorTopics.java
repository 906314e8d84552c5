package dev.realalign.curator;

import dev.realalign.runtime.ClusterConfig;
import dev.realalign.runtime.ClusterSetup;
import dev.realalign.runtime.UserErrorException;
import dev.realalign.schemas.GeneratedNegative;
import dev.realalign.schemas.ImageRejection;
import dev.realalign.schemas.NegativeRequest;
import dev.realalign.schemas.PreferenceTriple;
import dev.realalign.schemas.SimilarityAnswer;
import dev.realalign.schemas.SimilarityQuestion;
import dev.realalign.schemas.Topic;
import dev.realalign.schemas.Topics;
import java.util.List;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * What a curator reads and writes.
 *
 * @param triples where triples go
 * @param rejections where rejections go
 * @param questions perceptual hashes on their way to the owners of their bands
 * @param answers what the owners answer
 * @param requests what the generators are asked
 * @param generated what they answer
 * @param asksGenerators whether they are asked at all; where not, perturbations stand in
 */
record CuratorTopics(
        Topic<String, PreferenceTriple> triples,
        Topic<String, ImageRejection> rejections,
        Topic<String, SimilarityQuestion> questions,
        Topic<String, SimilarityAnswer> answers,
        Topic<String, NegativeRequest> requests,
        Topic<String, GeneratedNegative> generated,
        boolean asksGenerators) {
    /** Of the curator itself. */
    static final CuratorTopics OF_THE_STREAM = new CuratorTopics(
            Topics.PREFERENCE_TRIPLES,
            Topics.IMAGE_REJECTIONS,
            Topics.SIMILARITY_QUESTIONS,
            Topics.SIMILARITY_ANSWERS,
            Topics.NEGATIVE_REQUESTS,
            Topics.GENERATED_NEGATIVES,
            true);

    /**
     * Topics of a second run, which asks no generators: they would answer again what they answered long ago.
     *
     * @param name of the topic of triples; those of everything else have theirs behind it
     */
    static CuratorTopics named(String name) {
        return new CuratorTopics(
                Topics.PREFERENCE_TRIPLES.named(name),
                Topics.IMAGE_REJECTIONS.named(name + "-rejections"),
                Topics.SIMILARITY_QUESTIONS.named(name + "-similarity-questions"),
                Topics.SIMILARITY_ANSWERS.named(name + "-similarity-answers"),
                Topics.NEGATIVE_REQUESTS.named(name + "-negative-requests"),
                Topics.GENERATED_NEGATIVES.named(name + "-generated-negatives"),
                false);
    }

    /** All of them, upstream first. */
    List<Topic<?, ?>> all() {
        return List.of(Topics.REAL_IMAGES, questions, answers, requests, generated, rejections, triples);
    }

    /** Those that only curators and generators read. */
    List<Topic<?, ?>> between() {
        return List.of(questions, answers, requests, generated);
    }

    private List<Topic<?, ?>> verdicts() {
        return List.of(triples, rejections);
    }

    /**
     * Makes the topics of a second run's verdicts.
     *
     * @throws UserErrorException when one of them is the stream's own, or holds records already
     */
    void prepareEmpty(ClusterConfig cluster) {
        for (Topic<?, ?> topic : verdicts()) {
            if (Topics.all().stream().anyMatch(known -> known.name().equals(topic.name()))) {
                throw UserErrorException.usage(
                        "The topic " + topic + " belongs to the stream itself: name another one with --to.");
            }
        }
        ClusterSetup.prepare(cluster, verdicts());
        try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(
                cluster.consumer("realalign-replay"), new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            for (Topic<?, ?> topic : verdicts()) {
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
                    "The topics " + verdicts() + " cannot be looked at: " + e.getMessage() + ".", e);
        }
    }
}
