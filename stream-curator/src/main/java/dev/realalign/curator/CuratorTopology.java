package dev.realalign.curator;

import dev.realalign.curator.similar.HeldOutPictures;
import dev.realalign.runtime.BlobStore;
import dev.realalign.schemas.SimilarityQuestion;
import dev.realalign.schemas.Topic;
import dev.realalign.schemas.Topics;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.streams.AutoOffsetReset;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.TopologyConfig;
import org.apache.kafka.streams.processor.TimestampExtractor;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorSupplier;
import org.apache.kafka.streams.state.StoreBuilder;

/**
 * real-images to preference-triples and image-rejections, in two parts that meet in topics. The first judges images where
 * they came in, and joins what they wait for: similarity-answers and generated-negatives, which have the same key and so
 * the same partition. The second owns bands of perceptual hashes and answers similarity-questions. Real images and
 * generated negatives are read as bytes, so that a record nobody can decode stops nothing.
 */
public final class CuratorTopology {
    static final String TRIPLES = "preference-triples";
    static final String REJECTIONS = "image-rejections";
    static final String QUESTIONS = "similarity-questions-asked";
    static final String QUESTIONS_ONWARD = "similarity-questions-onward";
    static final String ANSWERS = "similarity-answers-given";
    static final String REQUESTS = "negative-requests";

    private static final String IMAGES = "real-images";
    private static final String ANSWERS_TAKEN = "similarity-answers";
    private static final String GENERATED = "generated-negatives";
    private static final String CURATE = "curate";
    private static final String QUESTIONS_TAKEN = "similarity-questions";
    private static final String OWN_BANDS = "own-bands";

    /**
     * Of several topics the oldest record is taken first. Answers count as older than any image, or a backlog of images
     * would keep those that wait from ending, past their deadlines.
     */
    private static final TimestampExtractor FIRST = (answer, partitionTime) -> 0;

    private CuratorTopology() {}

    /**
     * The topology: a function of its arguments.
     *
     * @param blobs where pictures too large for a record are, and those that wait
     * @param heldOut pictures that must never be learned from
     * @param counts told of every verdict
     */
    public static Topology build(
            CuratorConfig config, BlobStore blobs, HeldOutPictures heldOut, CurationCounts counts) {
        Map<String, Object> registry = config.cluster().registry();
        Topology topology = new Topology(new TopologyConfig(new StreamsConfig(config.streams())));
        topology.addSource(IMAGES, new ByteArrayDeserializer(), new ByteArrayDeserializer(), Topics.REAL_IMAGES.name());
        addAnswers(topology, ANSWERS_TAKEN, Topics.SIMILARITY_ANSWERS);
        addAnswers(topology, GENERATED, Topics.GENERATED_NEGATIVES);
        topology.addProcessor(CURATE, new Curators(config, blobs, heldOut, counts), IMAGES, ANSWERS_TAKEN, GENERATED);
        addSink(topology, TRIPLES, Topics.PREFERENCE_TRIPLES, registry, CURATE);
        addSink(topology, REJECTIONS, Topics.IMAGE_REJECTIONS, registry, CURATE);
        addSink(topology, QUESTIONS, Topics.SIMILARITY_QUESTIONS, registry, CURATE);
        addSink(topology, REQUESTS, Topics.NEGATIVE_REQUESTS, registry, CURATE);
        topology.addSource(
                QUESTIONS_TAKEN,
                Topics.SIMILARITY_QUESTIONS.keyDeserializer(),
                Topics.SIMILARITY_QUESTIONS.valueDeserializer(registry),
                Topics.SIMILARITY_QUESTIONS.name());
        topology.addProcessor(OWN_BANDS, new Owners(config), QUESTIONS_TAKEN);
        addSink(topology, QUESTIONS_ONWARD, Topics.SIMILARITY_QUESTIONS, registry, OWN_BANDS);
        addSink(topology, ANSWERS, Topics.SIMILARITY_ANSWERS, registry, OWN_BANDS);
        return topology;
    }

    private static void addAnswers(Topology topology, String name, Topic<?, ?> topic) {
        topology.addSource(
                AutoOffsetReset.earliest(),
                name,
                FIRST,
                new ByteArrayDeserializer(),
                new ByteArrayDeserializer(),
                topic.name());
    }

    private static <V extends SpecificRecord> void addSink(
            Topology topology, String name, Topic<String, V> topic, Map<String, Object> registry, String parent) {
        topology.addSink(name, topic.name(), topic.keySerializer(), topic.valueSerializer(registry), parent);
    }

    /** Makes a curator for each partition of the images, and brings its stores. */
    private record Curators(CuratorConfig config, BlobStore blobs, HeldOutPictures heldOut, CurationCounts counts)
            implements ProcessorSupplier<byte[], byte[], String, SpecificRecord> {

        @Override
        public Processor<byte[], byte[], String, SpecificRecord> get() {
            return new CuratorProcessor(config, blobs, heldOut, counts);
        }

        @Override
        public Set<StoreBuilder<?>> stores() {
            Set<StoreBuilder<?>> stores = new HashSet<>(WaitingStore.builders());
            stores.add(FirstSeenStore.builder());
            stores.add(RunningMeanStore.builder());
            return stores;
        }
    }

    /** Makes an owner for each partition of the questions, and brings its stores. */
    private record Owners(CuratorConfig config)
            implements ProcessorSupplier<String, SimilarityQuestion, String, SpecificRecord> {

        @Override
        public Processor<String, SimilarityQuestion, String, SpecificRecord> get() {
            return new OwnerProcessor(config);
        }

        @Override
        public Set<StoreBuilder<?>> stores() {
            return BandIndexStore.builders();
        }
    }
}
