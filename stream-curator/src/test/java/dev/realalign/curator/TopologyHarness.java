package dev.realalign.curator;

import dev.realalign.runtime.BlobStore;
import dev.realalign.runtime.ClusterSetup;
import dev.realalign.schemas.BlobReference;
import dev.realalign.schemas.GeneratedNegative;
import dev.realalign.schemas.ImageId;
import dev.realalign.schemas.ImageRejection;
import dev.realalign.schemas.NegativeRequest;
import dev.realalign.schemas.PreferenceTriple;
import dev.realalign.schemas.RealImage;
import dev.realalign.schemas.Topics;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.streams.TestInputTopic;
import org.apache.kafka.streams.TestOutputTopic;
import org.apache.kafka.streams.TopologyTestDriver;
import org.apache.kafka.streams.test.TestRecord;
import org.jspecify.annotations.Nullable;

/** The curator's topology without a broker, on one partition, with a registry and a blob store in memory. */
final class TopologyHarness implements AutoCloseable {
    static final Instant INGESTED = Instant.ofEpochMilli(1_700_000_000_123L);
    static final Instant NOW = Instant.ofEpochMilli(1_800_000_000_456L);

    private static final String GATE_MODES = "curation.gate.modes";
    /** The drawn pictures of these tests look alike; those that are about likeness name its gates. */
    private static final String ALONE = "NEAR_DUPLICATE:off,OWN_OUTPUT:off";

    final CuratorConfig config;
    final CurationCounts counts = new CurationCounts();
    final MemoryBlobs blobs = new MemoryBlobs();
    final TestInputTopic<byte[], byte[]> input;
    private final Serializer<RealImage> serializer;
    private final TopologyTestDriver driver;
    private final TestOutputTopic<String, PreferenceTriple> triples;
    private final TestOutputTopic<String, ImageRejection> rejections;
    private final TestOutputTopic<String, NegativeRequest> requests;
    private final TestInputTopic<String, GeneratedNegative> generated;

    TopologyHarness(Path folder, Map<String, String> settings) {
        Map<String, String> given = new HashMap<>(Map.of(
                "bootstrap.servers",
                "localhost:1",
                "schema.registry.url",
                "mock://" + folder.getFileName(),
                "image.partitions",
                "1",
                "blob.store.uri",
                folder.resolve("blobs").toUri().toString(),
                "curation.resolution.px",
                "32",
                "curator.state.dir",
                folder.resolve("state").toString()));
        given.putAll(settings);
        if (!given.getOrDefault(GATE_MODES, "").contains("NEAR_DUPLICATE")) {
            given.merge(GATE_MODES, ALONE, (modes, alone) -> modes + "," + alone);
        }
        config = CuratorConfig.from(given);
        ClusterSetup.registerSchemas(config.cluster(), Topics.all());
        Map<String, Object> registry = config.cluster().registry();
        Properties properties = new Properties();
        properties.putAll(config.streams());
        driver = new TopologyTestDriver(
                CuratorTopology.build(config, blobs, HeldOutFiles.read(config), counts), properties, NOW);
        serializer = Topics.REAL_IMAGES.valueSerializer(registry);
        input = driver.createInputTopic(
                Topics.REAL_IMAGES.name(), new ByteArraySerializer(), new ByteArraySerializer());
        triples = driver.createOutputTopic(
                Topics.PREFERENCE_TRIPLES.name(),
                Topics.PREFERENCE_TRIPLES.keyDeserializer(),
                Topics.PREFERENCE_TRIPLES.valueDeserializer(registry));
        rejections = driver.createOutputTopic(
                Topics.IMAGE_REJECTIONS.name(),
                Topics.IMAGE_REJECTIONS.keyDeserializer(),
                Topics.IMAGE_REJECTIONS.valueDeserializer(registry));
        requests = driver.createOutputTopic(
                Topics.NEGATIVE_REQUESTS.name(),
                Topics.NEGATIVE_REQUESTS.keyDeserializer(),
                Topics.NEGATIVE_REQUESTS.valueDeserializer(registry));
        generated = driver.createInputTopic(
                Topics.GENERATED_NEGATIVES.name(),
                Topics.GENERATED_NEGATIVES.keySerializer(),
                Topics.GENERATED_NEGATIVES.valueSerializer(registry));
    }

    /** A record for a picture that travels inline. */
    static RealImage.Builder image(byte[] original) {
        return RealImage.newBuilder()
                .setImageId(ImageId.of(original).hex())
                .setCaption("a photo")
                .setContent(ByteBuffer.wrap(original))
                .setSource("test/picture")
                .setIngestTime(INGESTED);
    }

    /** Feeds a picture and returns the one record it ends in. */
    SpecificRecord feed(byte[] original) {
        return feed(image(original).build());
    }

    /** Feeds a record under its own id and returns the one record it ends in. */
    SpecificRecord feed(RealImage image) {
        return feed(image.getImageId().getBytes(StandardCharsets.UTF_8), bytes(image));
    }

    /** Feeds raw bytes and returns the one record they end in. */
    SpecificRecord feed(byte[] key, byte[] value) {
        input.pipeInput(key, value);
        return onlyResult();
    }

    /** Feeds a picture that may have to wait. */
    void give(RealImage image) {
        input.pipeInput(image.getImageId().getBytes(StandardCharsets.UTF_8), bytes(image));
    }

    /** Gives a generator's answer. */
    void answer(GeneratedNegative answer) {
        generated.pipeInput(answer.getImageId(), answer);
    }

    /** What the generators were asked since the last call. */
    List<NegativeRequest> requests() {
        return requests.readValuesToList();
    }

    /** Lets time go by. */
    void pass(Duration time) {
        driver.advanceWallClockTime(time);
    }

    /** The one record that came out since the last call. */
    SpecificRecord onlyResult() {
        List<SpecificRecord> results = results();
        if (results.size() != 1) {
            throw new AssertionError("a record ended in " + results.size() + " records: " + results);
        }
        return results.get(0);
    }

    /** Triples, then rejections, that came out since the last call. */
    List<SpecificRecord> results() {
        List<SpecificRecord> results = new ArrayList<>();
        for (TestRecord<String, PreferenceTriple> triple : triples.readRecordsToList()) {
            checkKey(triple, triple.value().getImageId());
            results.add(triple.value());
        }
        for (TestRecord<String, ImageRejection> rejection : rejections.readRecordsToList()) {
            checkKey(rejection, rejection.value().getImageId());
            results.add(rejection.value());
        }
        return results;
    }

    private static void checkKey(TestRecord<String, ?> record, String id) {
        if (!record.key().equals(id)) {
            throw new AssertionError("the key " + record.key() + " is not the id " + id);
        }
        if (record.headers().toArray().length != 0) {
            throw new AssertionError("a result has headers: " + record.headers());
        }
    }

    byte[] bytes(RealImage image) {
        return serializer.serialize(Topics.REAL_IMAGES.name(), image);
    }

    @Override
    public void close() {
        driver.close();
        serializer.close();
    }

    /** Blobs in a map, which can be told to fail. */
    static final class MemoryBlobs implements BlobStore {
        private final Map<String, byte[]> bytes = new HashMap<>();
        final Map<BlobReference, Instant> renewed = new HashMap<>();

        private @Nullable MemoryBlobs waiting;

        @Nullable
        IOException failure;

        @Override
        public BlobReference put(byte[] blob) {
            String sha256 = ImageId.of(blob).hex();
            bytes.put(sha256, blob);
            return new BlobReference(sha256, (long) blob.length);
        }

        @Override
        public byte[] get(BlobReference reference) throws IOException {
            if (failure != null) {
                throw failure;
            }
            byte[] blob = bytes.get(reference.getSha256());
            if (blob == null) {
                throw new FileNotFoundException(reference.getSha256());
            }
            return blob;
        }

        @Override
        public boolean contains(BlobReference reference) {
            return bytes.containsKey(reference.getSha256());
        }

        @Override
        public boolean renew(BlobReference reference, Instant time) {
            renewed.put(reference, time);
            return contains(reference);
        }

        @Override
        public Optional<Instant> renewed(BlobReference reference) {
            return Optional.ofNullable(renewed.get(reference));
        }

        @Override
        public int sweep(Instant oldest) {
            throw new UnsupportedOperationException("a topology does not sweep");
        }

        @Override
        public MemoryBlobs ofWaiting() {
            if (waiting == null) {
                waiting = new MemoryBlobs();
            }
            return waiting;
        }
    }
}
