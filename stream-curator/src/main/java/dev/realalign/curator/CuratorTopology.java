package dev.realalign.curator;

import dev.realalign.curator.gate.RunningMean;
import dev.realalign.curator.pair.RankWindows;
import dev.realalign.runtime.BlobStore;
import dev.realalign.schemas.RecordPosition;
import dev.realalign.schemas.Topics;
import java.time.Instant;
import java.util.Map;
import java.util.Set;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.TopologyConfig;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.ProcessorSupplier;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.processor.api.RecordMetadata;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;

/**
 * real-images to preference-triples and image-rejections: one processor with three stores. Values are read as bytes, so
 * that a record nobody can decode becomes a rejection like any other.
 */
public final class CuratorTopology {
    private static final String SOURCE = "real-images";
    private static final String JUDGE = "judge";
    private static final String TRIPLES = "preference-triples";
    private static final String REJECTIONS = "image-rejections";

    private CuratorTopology() {}

    /**
     * The topology: a function of its arguments.
     *
     * @param blobs where pictures too large for a record are
     * @param counts told of every verdict
     */
    public static Topology build(CuratorConfig config, BlobStore blobs, CurationCounts counts) {
        return build(config, VerdictTopics.OF_THE_STREAM, blobs, counts);
    }

    /**
     * The topology with verdicts of a second run going elsewhere.
     *
     * @param verdicts where they go
     * @param blobs where pictures too large for a record are
     * @param counts told of every verdict
     */
    static Topology build(CuratorConfig config, VerdictTopics verdicts, BlobStore blobs, CurationCounts counts) {
        Map<String, Object> registry = config.cluster().registry();
        return new Topology(new TopologyConfig(new StreamsConfig(config.streams())))
                .addSource(SOURCE, new ByteArrayDeserializer(), new ByteArrayDeserializer(), Topics.REAL_IMAGES.name())
                .addProcessor(JUDGE, new Judges(config, blobs, counts), SOURCE)
                .addSink(
                        TRIPLES,
                        verdicts.triples().name(),
                        verdicts.triples().keySerializer(),
                        verdicts.triples().valueSerializer(registry),
                        JUDGE)
                .addSink(
                        REJECTIONS,
                        verdicts.rejections().name(),
                        verdicts.rejections().keySerializer(),
                        verdicts.rejections().valueSerializer(registry),
                        JUDGE);
    }

    /** Makes a judge for each partition, and brings the stores they share. */
    private record Judges(CuratorConfig config, BlobStore blobs, CurationCounts counts)
            implements ProcessorSupplier<byte[], byte[], String, SpecificRecord> {

        @Override
        public Processor<byte[], byte[], String, SpecificRecord> get() {
            return new JudgeProcessor(config, blobs, counts);
        }

        @Override
        public Set<StoreBuilder<?>> stores() {
            return Set.of(FirstSeenStore.builder(), RunningMeanStore.builder(), RankWindowStore.builder());
        }
    }

    /** Judges the records of one partition. */
    private static final class JudgeProcessor implements Processor<byte[], byte[], String, SpecificRecord> {
        private final RealImageReader reader;
        private final RecordJudge judge;
        private final CurationCounts counts;
        private @SuppressWarnings("NullAway.Init") ProcessorContext<String, SpecificRecord> context;
        private @SuppressWarnings("NullAway.Init") FirstSeen firstSeen;
        private @SuppressWarnings("NullAway.Init") RunningMeans means;
        private @SuppressWarnings("NullAway.Init") RankWindows windows;

        JudgeProcessor(CuratorConfig config, BlobStore blobs, CurationCounts counts) {
            this.reader = new RealImageReader(config.cluster().registry());
            this.judge = new RecordJudge(config, reader, blobs);
            this.counts = counts;
        }

        @Override
        public void init(ProcessorContext<String, SpecificRecord> streams) {
            KeyValueStore<String, RecordPosition> store = streams.getStateStore(FirstSeenStore.NAME);
            KeyValueStore<String, RunningMean> runningMeans = streams.getStateStore(RunningMeanStore.NAME);
            KeyValueStore<String, RankWindowStore.Ranked> ranked = streams.getStateStore(RankWindowStore.NAME);
            context = streams;
            firstSeen = new FirstSeenStore(store);
            means = new RunningMeanStore(runningMeans);
            windows = new RankWindowStore(ranked);
        }

        @Override
        public void process(Record<byte[], byte[]> record) {
            RecordMetadata place = context.recordMetadata().orElseThrow();
            ReceivedRecord received = new ReceivedRecord(
                    new RecordPosition(place.partition(), place.offset()), record.key(), record.value());
            Outcome outcome = judge.judge(
                    received, firstSeen, means, windows, Instant.ofEpochMilli(context.currentSystemTimeMs()));
            counts.count(outcome);
            if (outcome instanceof Outcome.Accepted accepted) {
                context.forward(newRecord(accepted.key(), accepted.triple(), record), TRIPLES);
            } else if (outcome instanceof Outcome.Rejected rejected) {
                context.forward(newRecord(rejected.key(), rejected.rejection(), record), REJECTIONS);
            }
        }

        /** Without the headers of the record it came from: nobody has bounded their size. */
        private static Record<String, SpecificRecord> newRecord(String key, SpecificRecord value, Record<?, ?> from) {
            return new Record<>(key, value, from.timestamp());
        }

        @Override
        public void close() {
            reader.close();
        }
    }
}
