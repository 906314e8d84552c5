package dev.realalign.tests.curating;

import dev.realalign.app.embedded.EmbeddedCluster;
import dev.realalign.app.embedded.EmbeddedOptions;
import dev.realalign.curator.CuratorConfig;
import dev.realalign.curator.CuratorService;
import dev.realalign.runtime.ClusterConfig;
import dev.realalign.runtime.ClusterSetup;
import dev.realalign.schemas.ImageId;
import dev.realalign.schemas.ImageRejection;
import dev.realalign.schemas.PreferenceTriple;
import dev.realalign.schemas.RealImage;
import dev.realalign.schemas.RecordPosition;
import dev.realalign.schemas.Topic;
import dev.realalign.schemas.TopicReader;
import dev.realalign.schemas.Topics;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.Serializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** An embedded cluster, a feeder and the verdicts of the curators that tests start on it. */
abstract class CuratingFixture {
    static final Duration SOON = Duration.ofSeconds(90);

    @TempDir
    Path folder;

    EmbeddedCluster embedded;
    ClusterConfig cluster;
    KafkaProducer<byte[], byte[]> producer;
    private Serializer<RealImage> serializer;

    @BeforeEach
    void start() {
        embedded = EmbeddedCluster.start(EmbeddedOptions.in(folder.resolve("cluster")));
        cluster = ClusterConfig.from(embedded.properties());
        ClusterSetup.prepare(cluster, Topics.all());
        producer =
                new KafkaProducer<>(cluster.producer("feeder"), new ByteArraySerializer(), new ByteArraySerializer());
        serializer = Topics.REAL_IMAGES.valueSerializer(cluster.registry());
    }

    @AfterEach
    void stop() {
        producer.close();
        serializer.close();
        embedded.close();
    }

    RecordPosition send(RealImage image) {
        byte[] key = image.getImageId().getBytes(StandardCharsets.UTF_8);
        return acknowledged(new ProducerRecord<>(Topics.REAL_IMAGES.name(), key, bytes(image)));
    }

    RecordPosition send(int partition, byte[] key, byte[] value) {
        return acknowledged(new ProducerRecord<>(Topics.REAL_IMAGES.name(), partition, key, value));
    }

    private RecordPosition acknowledged(ProducerRecord<byte[], byte[]> record) {
        try {
            RecordMetadata place = producer.send(record).get();
            return new RecordPosition(place.partition(), place.offset());
        } catch (InterruptedException | ExecutionException e) {
            throw new IllegalStateException(e);
        }
    }

    byte[] bytes(RealImage image) {
        return serializer.serialize(Topics.REAL_IMAGES.name(), image);
    }

    static RealImage.Builder image(byte[] picture) {
        return RealImage.newBuilder()
                .setImageId(ImageId.of(picture).hex())
                .setCaption("")
                .setContent(ByteBuffer.wrap(picture))
                .setSource("curating test")
                .setIngestTime(Instant.EPOCH);
    }

    CuratorService curator(String name, Map<String, String> settings) {
        Map<String, String> given = properties(name);
        given.putAll(settings);
        return new CuratorService(CuratorConfig.from(given));
    }

    Process curatorProcess(String name) throws IOException {
        return curatorProcess(name, Map.of());
    }

    Process curatorProcess(String name, Map<String, String> settings) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-XX:TieredStopAtLevel=1",
                "-Djava.awt.headless=true",
                "-cp",
                System.getProperty("java.class.path"),
                CuratorProcess.class.getName()));
        Map<String, String> given = properties(name);
        given.putAll(settings);
        given.forEach((key, value) -> command.add(key + "=" + value));
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve(name + ".log").toFile())
                .start();
    }

    Map<String, String> properties(String name) {
        Map<String, String> properties = new HashMap<>(embedded.properties());
        properties.put("blob.store.uri", folder.resolve("blobs").toUri().toString());
        properties.put("curation.resolution.px", "32");
        properties.put("curator.state.dir", folder.resolve("state-" + name).toString());
        // drawn pictures look alike; tests that are about likeness say so
        properties.put("curation.gate.modes", "NEAR_DUPLICATE:off,OWN_OUTPUT:off");
        // a killed curator is missed after this time
        properties.put("consumer.session.timeout.ms", "6000");
        return properties;
    }

    /** Committed verdicts on each record of real-images. */
    Map<RecordPosition, List<String>> verdicts() {
        Map<RecordPosition, List<String>> verdicts = new LinkedHashMap<>();
        for (PreferenceTriple triple : read(Topics.PREFERENCE_TRIPLES)) {
            verdicts.computeIfAbsent(triple.getRecord(), position -> new ArrayList<>())
                    .add("a triple");
        }
        for (ImageRejection rejection : read(Topics.IMAGE_REJECTIONS)) {
            verdicts.computeIfAbsent(rejection.getRecord(), position -> new ArrayList<>())
                    .add(rejection.getReason());
        }
        return verdicts;
    }

    static long count(Map<RecordPosition, List<String>> verdicts, String verdict) {
        return verdicts.values().stream()
                .flatMap(List::stream)
                .filter(verdict::equals)
                .count();
    }

    <V extends SpecificRecord> List<V> read(Topic<String, V> topic) {
        List<V> values = new ArrayList<>();
        for (TopicReader.Entry<V> entry : TopicReader.readAll(topic, cluster.reader("checker"), SOON)) {
            values.add(entry.value());
        }
        return values;
    }
}
