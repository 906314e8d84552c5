package dev.realalign.curator;

import dev.realalign.runtime.ClusterConfig;
import dev.realalign.runtime.UserErrorException;
import dev.realalign.schemas.ImageRejection;
import dev.realalign.schemas.PreferenceTriple;
import dev.realalign.schemas.Topic;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.Serializer;
import org.jspecify.annotations.Nullable;

/**
 * Judges the recorded verdicts of a cluster again under another configuration, without any picture being decoded: what
 * the gates measured is in the records. The results go into topics of their own, or nowhere.
 */
public final class Replay {
    private final CuratorConfig config;
    private final Clock clock;

    /**
     * A replay.
     *
     * @param config the configuration to judge by, and where the cluster is
     * @param clock for the time of new rejections
     */
    public Replay(CuratorConfig config, Clock clock) {
        this.config = config;
        this.clock = clock;
    }

    /**
     * Width of the recorded pairs in pixels, empty when there is none yet. Measures of pixels hold for this resolution
     * alone.
     *
     * @param topics as for {@link #run}
     */
    public static OptionalInt resolution(ClusterConfig cluster, List<String> topics) {
        List<String> triples =
                topics.stream().filter(topic -> !topic.endsWith("rejections")).toList();
        if (triples.isEmpty()) {
            return OptionalInt.empty();
        }
        try (VerdictReader reader = new VerdictReader(cluster, triples, false)) {
            return reader.first()
                    .map(triple -> OptionalInt.of(((PreferenceTriple) triple).getWidth()))
                    .orElse(OptionalInt.empty());
        }
    }

    /**
     * Judges.
     *
     * @param from topics of triples, and of rejections, which end in "rejections"
     * @param to topic for the triples, which gets a second one for the rejections beside it; empty to count only
     * @param progress told how many of how many offsets were read: done and total
     * @throws UserErrorException when topics cannot be read or written, or hold something already
     */
    public ReplayReport run(List<String> from, Optional<String> to, Progress progress) {
        ReplayReport.Tally tally = new ReplayReport.Tally();
        try (VerdictReader reader = new VerdictReader(config.cluster(), from, to.isPresent());
                @Nullable
                        Output output = to.map(name -> new Output(config.cluster(), name))
                                .orElse(null)) {
            for (int partition : reader.partitions()) {
                VerdictReplay replay = new VerdictReplay(config);
                reader.read(partition, verdict -> {
                    Rejudged judged = again(replay, verdict);
                    tally.add(judged.before(), judged.after());
                    if (output != null) {
                        output.write(judged);
                    }
                    progress.show(reader.done(), reader.records());
                    return true;
                });
            }
            if (output != null) {
                output.flush();
            }
        }
        return tally.report();
    }

    /** Told how far a replay is. */
    public interface Progress {
        /** Nobody wants to know. */
        Progress NONE = (done, total) -> {};

        /** Done so far, of how many. */
        void show(long done, long total);
    }

    private Rejudged again(VerdictReplay replay, SpecificRecord verdict) {
        if (verdict instanceof PreferenceTriple triple) {
            int resolution = config.pairs().resolution();
            if (triple.getWidth() != resolution) {
                throw UserErrorException.usage(CuratorConfig.RESOLUTION_PX + " is " + resolution
                        + ", the recorded pairs have " + triple.getWidth()
                        + " pixels: what was measured on them says nothing about another resolution. Leave the key out, or"
                        + " judge the pictures themselves with --stateful.");
            }
            return replay.again(triple, clock.instant());
        }
        return replay.again((ImageRejection) verdict, clock.instant());
    }

    /** Where the results go. */
    private static final class Output implements AutoCloseable {
        private final Topic<String, PreferenceTriple> triples;
        private final Topic<String, ImageRejection> rejections;
        private final Serializer<PreferenceTriple> tripleSerializer;
        private final Serializer<ImageRejection> rejectionSerializer;
        private final KafkaProducer<byte[], byte[]> producer;
        private @Nullable Future<RecordMetadata> newest;

        Output(ClusterConfig cluster, String name) {
            CuratorTopics topics = CuratorTopics.named(name);
            topics.prepareEmpty(cluster);
            triples = topics.triples();
            rejections = topics.rejections();
            tripleSerializer = triples.valueSerializer(cluster.registry());
            rejectionSerializer = rejections.valueSerializer(cluster.registry());
            producer = new KafkaProducer<>(
                    cluster.producer("realalign-replay"), new ByteArraySerializer(), new ByteArraySerializer());
        }

        void write(Rejudged judged) {
            if (judged.record() instanceof PreferenceTriple triple) {
                send(triples, tripleSerializer, triple.getImageId(), triple);
            } else if (judged.record() instanceof ImageRejection rejection) {
                send(rejections, rejectionSerializer, rejection.getImageId(), rejection);
            }
        }

        private <V extends SpecificRecord> void send(
                Topic<String, V> topic, Serializer<V> serializer, String key, V value) {
            newest = producer.send(new ProducerRecord<>(
                    topic.name(),
                    topic.keySerializer().serialize(topic.name(), key),
                    serializer.serialize(topic.name(), value)));
        }

        /** Waits for the broker's word on everything that was written. */
        void flush() {
            producer.flush();
            try {
                if (newest != null) {
                    newest.get();
                }
            } catch (ExecutionException e) {
                throw UserErrorException.failure(
                        "The topic " + triples + " cannot be written (" + RecordReader.rootMessage(e)
                                + "): it is incomplete. Delete it and " + rejections + ", and start again.",
                        e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw UserErrorException.failure("The replay was interrupted: " + triples + " is incomplete.", e);
            }
        }

        @Override
        public void close() {
            producer.close();
            tripleSerializer.close();
            rejectionSerializer.close();
        }
    }
}
