package dev.realalign.tests.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.realalign.app.embedded.EmbeddedCluster;
import dev.realalign.app.embedded.EmbeddedOptions;
import dev.realalign.runtime.ClusterConfig;
import dev.realalign.runtime.ClusterSetup;
import dev.realalign.runtime.LagRules;
import dev.realalign.runtime.LagSampler;
import dev.realalign.runtime.LagTarget;
import dev.realalign.runtime.PartitionLag;
import dev.realalign.runtime.UserErrorException;
import dev.realalign.schemas.ImageId;
import dev.realalign.schemas.KeyPartitioner;
import dev.realalign.schemas.RealImage;
import dev.realalign.schemas.Topics;
import io.confluent.kafka.schemaregistry.avro.AvroSchema;
import io.confluent.kafka.schemaregistry.client.CachedSchemaRegistryClient;
import io.confluent.kafka.schemaregistry.client.SchemaRegistryClient;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.record.TimestampType;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** One embedded cluster, used by several clients as services use it. */
class EmbeddedClusterTest {
    private static final long MAX_RESIDENT_BYTES = 700L * 1024 * 1024;

    @TempDir
    static Path data;

    private static EmbeddedCluster cluster;
    private static ClusterConfig config;

    @BeforeAll
    static void start() {
        cluster = EmbeddedCluster.start(EmbeddedOptions.in(data));
        config = ClusterConfig.from(cluster.properties());
        ClusterSetup.prepare(config, Topics.all());
    }

    @AfterAll
    static void close() {
        cluster.close();
    }

    private static RealImage image(String text) {
        ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
        return RealImage.newBuilder()
                .setImageId(ImageId.of(bytes).hex())
                .setCaption("")
                .setContent(bytes)
                .setSource("test")
                .setIngestTime(Instant.ofEpochMilli(1_700_000_000_000L))
                .build();
    }

    @Test
    void an_image_goes_through_broker_and_registry_unchanged_and_takes_the_brokers_time() throws Exception {
        RealImage image = image("one picture");
        long before = System.currentTimeMillis();
        RecordMetadata written;
        try (KafkaProducer<String, RealImage> producer = new KafkaProducer<>(
                config.producer("test"),
                Topics.REAL_IMAGES.keySerializer(),
                Topics.REAL_IMAGES.valueSerializer(config.registry()))) {
            written = producer.send(new ProducerRecord<>("real-images", null, 1L, image.getImageId(), image))
                    .get();
        }

        assertThat(written.partition()).isEqualTo(KeyPartitioner.partition(image.getImageId(), 3));
        try (KafkaConsumer<String, RealImage> consumer = new KafkaConsumer<>(
                config.consumer("test"),
                Topics.REAL_IMAGES.keyDeserializer(),
                Topics.REAL_IMAGES.valueDeserializer(config.registry()))) {
            consumer.assign(List.of(new TopicPartition("real-images", written.partition())));
            consumer.seek(new TopicPartition("real-images", written.partition()), written.offset());
            ConsumerRecords<String, RealImage> records = consumer.poll(Duration.ofSeconds(10));
            assertThat(records.count()).isEqualTo(1);
            ConsumerRecord<String, RealImage> read = records.iterator().next();
            assertThat(read.key()).isEqualTo(image.getImageId());
            assertThat(read.value()).isEqualTo(image);
            assertThat(read.timestampType()).isEqualTo(TimestampType.LOG_APPEND_TIME);
            assertThat(read.timestamp()).isGreaterThanOrEqualTo(before);
        }
    }

    @Test
    void a_picture_of_almost_four_mebibytes_passes() throws Exception {
        RealImage large = image("x".repeat(4 * 1024 * 1024 - 10_000));
        try (KafkaProducer<String, RealImage> producer = new KafkaProducer<>(
                config.producer("test"),
                Topics.REAL_IMAGES.keySerializer(),
                Topics.REAL_IMAGES.valueSerializer(config.registry()))) {
            assertThat(producer.send(new ProducerRecord<>("real-images", large.getImageId(), large))
                            .get()
                            .serializedValueSize())
                    .isGreaterThan(4_000_000);
        }
    }

    @Test
    void preparing_again_changes_nothing() throws Exception {
        ClusterSetup.prepare(config, Topics.all());

        try (SchemaRegistryClient registry = registry()) {
            for (String subject : registry.getAllSubjects()) {
                assertThat(registry.getAllVersions(subject)).as(subject).containsExactly(1);
                assertThat(registry.getCompatibility(subject)).as(subject).isEqualTo("BACKWARD_TRANSITIVE");
            }
        }
    }

    @Test
    void another_number_of_partitions_is_refused_with_the_number_that_holds() {
        Map<String, String> changed = new HashMap<>(cluster.properties());
        changed.put(ClusterConfig.IMAGE_PARTITIONS, "5");

        UserErrorException error = catchThrowableOfType(
                UserErrorException.class, () -> ClusterSetup.prepare(ClusterConfig.from(changed), Topics.all()));

        assertThat(error.exitCode()).isEqualTo(UserErrorException.USAGE);
        assertThat(error.problems())
                .containsExactly(
                        "image.partitions is 5, but the image topics have 3 partitions. Their number cannot change,"
                                + " since image ids would move to other partitions: set image.partitions=3.");
    }

    @Test
    void a_registry_path_without_the_confluent_interface_is_named() {
        Map<String, String> wrong = new HashMap<>(cluster.properties());
        wrong.put(ClusterConfig.SCHEMA_REGISTRY_URL, cluster.registryUrl().replace("/apis/ccompat/v7", ""));

        UserErrorException error = catchThrowableOfType(
                UserErrorException.class, () -> ClusterSetup.registerSchemas(ClusterConfig.from(wrong), Topics.all()));

        assertThat(error.problems().get(0))
                .endsWith("does not speak Confluent's protocol there (HTTP 404). Check the path in schema.registry.url;"
                        + " Apicurio's ends in /apis/ccompat/v7.");
    }

    @Test
    void the_registry_refuses_a_schema_that_could_not_read_the_registered_one() throws Exception {
        AvroSchema foreign =
                new AvroSchema("{\"type\":\"record\",\"name\":\"RealImage\",\"namespace\":\"dev.realalign.schemas\","
                        + "\"fields\":[{\"name\":\"lives\",\"type\":\"int\"}]}");
        try (SchemaRegistryClient registry = registry()) {
            assertThat(registry.testCompatibility("real-images-value", foreign)).isFalse();
            assertThat(registry.getCompatibility("")).isEqualTo("BACKWARD");
        }
    }

    @Test
    void lag_counts_committed_records_only_and_tells_their_age() throws Exception {
        TopicPartition partition = new TopicPartition("publishing-log", 0);
        Map<String, Object> transactional = config.producer("lag");
        transactional.put(ProducerConfig.TRANSACTIONAL_ID_CONFIG, "lag-test");
        Map<String, Object> group = config.consumer("lag");
        group.put(ConsumerConfig.GROUP_ID_CONFIG, "lag-group");
        LagTarget.Choice asked = groups -> List.of(
                new LagTarget("lag-group", Set.of("publishing-log"), Optional.empty()),
                new LagTarget("no-group", Set.of("publishing-log", "no-topic"), Optional.empty()));
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(
                        transactional,
                        new org.apache.kafka.common.serialization.StringSerializer(),
                        new org.apache.kafka.common.serialization.StringSerializer());
                KafkaConsumer<String, String> consumer = new KafkaConsumer<>(
                        group,
                        new org.apache.kafka.common.serialization.StringDeserializer(),
                        new org.apache.kafka.common.serialization.StringDeserializer());
                LagSampler sampler = new LagSampler(config, true)) {
            producer.initTransactions();
            write(producer, true);
            assertThat(sampler.sample(asked, List.of()).lags())
                    .extracting(PartitionLag::records)
                    .containsExactly(OptionalLong.empty(), OptionalLong.empty());

            consumer.assign(List.of(partition));
            ConsumerRecords<String, String> read = consumer.poll(Duration.ofSeconds(10));
            consumer.commitSync(read.nextOffsets());
            write(producer, false);
            assertThat(only(sampler, asked))
                    .isEqualTo(new LagRules.TopicLag(
                            "lag-group", "publishing-log", OptionalLong.of(0), OptionalDouble.of(0)));

            write(producer, true);
            Thread.sleep(300);
            LagRules.TopicLag behind = only(sampler, asked);
            assertThat(behind.records().getAsLong()).isPositive();
            assertThat(behind.seconds().getAsDouble()).isBetween(0.3, 30.0);

            consumer.commitSync(Map.of(partition, new OffsetAndMetadata(1_000)));
            assertThat(only(sampler, asked).records()).hasValue(0);
        }
    }

    private static LagRules.TopicLag only(LagSampler sampler, LagTarget.Choice asked) {
        return LagRules.byTopic(sampler.sample(asked, List.of()).lags()).get(0);
    }

    private static void write(KafkaProducer<String, String> producer, boolean commit) throws Exception {
        producer.beginTransaction();
        producer.send(new ProducerRecord<>("publishing-log", "m", commit ? "kept" : "dropped"))
                .get();
        if (commit) {
            producer.commitTransaction();
        } else {
            producer.abortTransaction();
        }
    }

    @Test
    void both_processes_together_stay_small() throws IOException {
        long resident = 0;
        for (ProcessHandle process : cluster.processes()) {
            Path status = Path.of("/proc/" + process.pid() + "/status");
            Assumptions.assumeTrue(Files.exists(status), "this system shows no memory of processes under /proc");
            String line = Files.readAllLines(status).stream()
                    .filter(l -> l.startsWith("VmRSS:"))
                    .findFirst()
                    .orElseThrow();
            resident += Long.parseLong(line.replaceAll("\\D", "")) * 1024;
        }

        assertThat(resident).isBetween(50L * 1024 * 1024, MAX_RESIDENT_BYTES);
    }

    @Test
    void the_same_folder_cannot_be_used_twice() {
        UserErrorException error =
                catchThrowableOfType(UserErrorException.class, () -> EmbeddedCluster.start(EmbeddedOptions.in(data)));

        assertThat(error.exitCode()).isEqualTo(UserErrorException.FAILURE);
        assertThat(error.problems())
                .containsExactly("the data directory " + data + " is in use by another realalign (process "
                        + ProcessHandle.current().pid() + "). End it, or give another directory with --data.");
        assertThat(cluster.processes()).allMatch(ProcessHandle::isAlive);
    }

    private static SchemaRegistryClient registry() {
        return new CachedSchemaRegistryClient(cluster.registryUrl(), 100);
    }
}
