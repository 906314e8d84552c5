package dev.realalign.tests.seeing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.realalign.app.embedded.EmbeddedCluster;
import dev.realalign.app.embedded.EmbeddedOptions;
import dev.realalign.runtime.ClusterConfig;
import dev.realalign.runtime.LagEvaluation;
import dev.realalign.runtime.LagHistory;
import dev.realalign.runtime.LagReport;
import dev.realalign.runtime.LagSampler;
import dev.realalign.runtime.LagStatus;
import dev.realalign.runtime.LagTarget;
import dev.realalign.runtime.LagTrend;
import dev.realalign.runtime.LagWatch;
import dev.realalign.runtime.PartitionLag;
import dev.realalign.runtime.PartitionLag.SecondsFrom;
import dev.realalign.tests.endtoend.Realalign;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Lag of groups of every kind on a real broker. */
class LagTest {
    private static final int MANY = 1_000;
    private static final Duration WINDOW = Duration.ofSeconds(3);
    private static final Duration PAUSE = Duration.ofMillis(250);

    @TempDir
    static Path data;

    private static EmbeddedCluster cluster;
    private static ClusterConfig config;
    private static Admin admin;
    private static KafkaProducer<String, String> producer;

    @BeforeAll
    static void start() throws Exception {
        cluster = EmbeddedCluster.start(EmbeddedOptions.in(data));
        config = ClusterConfig.from(cluster.properties());
        admin = Admin.create(config.admin());
        producer = new KafkaProducer<>(config.producer("lag-test"), new StringSerializer(), new StringSerializer());
        List<NewTopic> topics = new ArrayList<>();
        for (String topic : List.of("stopped", "stalled", "slow", "rewound", "idle", "shared", "streamed")) {
            topics.add(new NewTopic(topic, 1, (short) 1));
        }
        admin.createTopics(topics).all().get();
    }

    @AfterAll
    static void close() {
        producer.close();
        admin.close();
        cluster.close();
    }

    private static KafkaConsumer<String, String> consumer(String group) {
        Map<String, Object> settings = config.consumer(group + "-client");
        settings.put(ConsumerConfig.GROUP_ID_CONFIG, group);
        settings.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        settings.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
        return new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer());
    }

    private static void write(String topic, int records) throws Exception {
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        for (int i = 0; i < records; i++) {
            sent.add(producer.send(new ProducerRecord<>(topic, 0, "k", "v")));
        }
        for (Future<RecordMetadata> one : sent) {
            one.get();
        }
    }

    private static void commit(KafkaConsumer<String, String> consumer, String topic, long offset) {
        consumer.commitSync(Map.of(new TopicPartition(topic, 0), new OffsetAndMetadata(offset)));
    }

    /** A member of its group that has its partition. */
    private static KafkaConsumer<String, String> member(String group, String topic) {
        KafkaConsumer<String, String> consumer = consumer(group);
        consumer.subscribe(List.of(topic));
        await().atMost(20, TimeUnit.SECONDS).until(() -> {
            consumer.poll(Duration.ofMillis(100));
            return !consumer.assignment().isEmpty();
        });
        return consumer;
    }

    private static LagTarget.Choice only(String... groups) {
        return present -> LagTarget.Choice.EVERY_GROUP.among(Set.of(groups));
    }

    private static LagEvaluation of(LagReport report, String group) {
        return report.partitions().stream()
                .filter(p -> p.lag().group().equals(group))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void a_stopped_a_stalled_a_slow_a_rewound_and_an_idle_group_are_told_apart() throws Exception {
        for (String topic : List.of("stopped", "stalled", "slow", "rewound", "idle")) {
            write(topic, 100);
        }
        try (KafkaConsumer<String, String> stopped = consumer("stopped");
                KafkaConsumer<String, String> rewound = consumer("rewound");
                KafkaConsumer<String, String> idle = consumer("idle");
                KafkaConsumer<String, String> slow = member("slow", "slow");
                KafkaConsumer<String, String> stalled = member("stalled", "stalled");
                LagSampler sampler = new LagSampler(config)) {
            commit(stopped, "stopped", 40);
            commit(stalled, "stalled", 40);
            commit(rewound, "rewound", 90);
            commit(idle, "idle", 100);
            LagHistory history = new LagHistory(WINDOW);
            LagTarget.Choice five = only("stopped", "stalled", "slow", "rewound", "idle");
            LagReport report = LagWatch.report(sampler, five, List.of(), history);
            long began = System.nanoTime();
            // a machine under load may look too seldom for a verdict within one window
            for (int step = 1;
                    System.nanoTime() - began < WINDOW.plus(PAUSE).toNanos()
                            || (of(report, "slow").status() == LagStatus.UNKNOWN && step < 100);
                    step++) {
                commit(slow, "slow", step);
                if (step == 4) {
                    commit(rewound, "rewound", 10);
                }
                write("slow", 10);
                slow.poll(PAUSE);
                report = LagWatch.report(sampler, five, List.of(), history);
            }

            assertThat(of(report, "stopped").status()).isEqualTo(LagStatus.STOPPED);
            assertThat(of(report, "stopped").lag().owner()).isEmpty();
            assertThat(of(report, "stopped").trend()).isEqualTo(LagTrend.STEADY);
            assertThat(of(report, "stalled").status()).isEqualTo(LagStatus.STALLED);
            assertThat(of(report, "stalled").lag().owner().orElseThrow().client())
                    .isEqualTo("stalled-client");
            assertThat(of(report, "stalled").lag().owner().orElseThrow().host()).isEqualTo("127.0.0.1");
            assertThat(of(report, "slow").status()).isEqualTo(LagStatus.WARNING);
            assertThat(of(report, "slow").trend()).isEqualTo(LagTrend.GROWING);
            assertThat(of(report, "slow").slope().orElseThrow()).isPositive();
            assertThat(of(report, "rewound").status()).isEqualTo(LagStatus.REWIND);
            assertThat(of(report, "idle").status()).isEqualTo(LagStatus.OK);
            assertThat(of(report, "idle").lag().seconds()).hasValue(0);
            assertThat(report.worst()).isEqualTo(LagStatus.STOPPED);
            assertThat(report.sample().members()).containsEntry("slow", 1).containsEntry("stopped", 0);
            assertThat(report.sample().brokers()).isEqualTo(1);
            assertThat(of(report, "stopped").lag().records()).hasValue(60);
            assertThat(of(report, "stopped").lag().seconds().orElseThrow()).isBetween(3.0, 120.0);
            assertThat(of(report, "stopped").lag().secondsFrom()).isEqualTo(SecondsFrom.EXACT);
        }
    }

    @Test
    void sampled_seconds_agree_with_exact_ones_within_a_sampling_step() throws Exception {
        admin.createTopics(List.of(new NewTopic("sampled", 1, (short) 1))).all().get();
        try (KafkaConsumer<String, String> reader = consumer("sampled");
                LagSampler sampled = new LagSampler(config);
                LagSampler exact = new LagSampler(config, true)) {
            commit(reader, "sampled", 0);
            sampled.sample(only("sampled"), List.of());
            double worst = 0;
            int compared = 0;
            for (int step = 1; step <= 12; step++) {
                write("sampled", 5);
                Thread.sleep(PAUSE.toMillis());
                commit(reader, "sampled", 4L * step);
                PartitionLag rough =
                        sampled.sample(only("sampled"), List.of()).lags().get(0);
                PartitionLag fine =
                        exact.sample(only("sampled"), List.of()).lags().get(0);
                assertThat(fine.secondsFrom()).isEqualTo(SecondsFrom.EXACT);
                if (rough.secondsFrom() == SecondsFrom.SAMPLED) {
                    compared++;
                    worst = Math.max(
                            worst,
                            Math.abs(rough.seconds().orElseThrow()
                                    - fine.seconds().orElseThrow()));
                }
            }
            assertThat(compared).isGreaterThan(8);
            assertThat(worst).isLessThan(1.5);
        }
    }

    @Test
    void the_command_ends_with_the_worst_status() throws Exception {
        admin.createTopics(List.of(new NewTopic("left", 1, (short) 1))).all().get();
        write("left", 3);
        try (KafkaConsumer<String, String> gone = consumer("left")) {
            commit(gone, "left", 0);
        }

        Realalign.Ended atOnce = lag("--group", "left", "--window", "0");
        assertThat(atOnce.exitCode()).isZero();
        assertThat(atOnce.out()).contains(" UNKNOWN ");

        Realalign.Ended watched = lag("--group", "left", "--window", "1", "--json");
        assertThat(watched.exitCode()).isEqualTo(4);
        JsonNode report = new JsonMapper().readTree(watched.out());
        assertThat(report.get("status").asText()).isEqualTo("STOPPED");
        JsonNode group = report.get("groups").get(0);
        assertThat(group.get("group").asText()).isEqualTo("left");
        assertThat(group.get("records").asLong()).isEqualTo(3);
        assertThat(group.get("members").asInt()).isZero();
        JsonNode partition = group.get("partitions").get(0);
        assertThat(partition.get("status").asText()).isEqualTo("STOPPED");
        assertThat(partition.get("trend").asText()).isEqualTo("STEADY");
        assertThat(partition.get("secondsFrom").asText()).isEqualTo("EXACT");
        assertThat(partition.get("owner").isNull()).isTrue();

        Realalign.Ended wrong = lag("--group", "left", "--all-groups", "--window", "-1");
        assertThat(wrong.exitCode()).isEqualTo(2);
        assertThat(wrong.complaints())
                .containsExactly(
                        "realalign: --window is -1: give 0 or more seconds.",
                        "realalign: --group and --all-groups contradict each other: give one of them.");
    }

    private static Realalign.Ended lag(String... options) {
        List<String> command = new ArrayList<>(List.of("lag"));
        command.addAll(List.of(options));
        command.addAll(List.of(
                "-D",
                "bootstrap.servers=" + cluster.bootstrapServers(),
                "-D",
                "schema.registry.url=" + cluster.registryUrl()));
        return Realalign.run(command.toArray(String[]::new));
    }

    @Test
    void markers_of_transactions_are_no_lag() throws Exception {
        admin.createTopics(List.of(new NewTopic("marked", 1, (short) 1))).all().get();
        Map<String, Object> transactional = config.producer("marked");
        transactional.put(ProducerConfig.TRANSACTIONAL_ID_CONFIG, "marked");
        try (KafkaProducer<String, String> writer =
                        new KafkaProducer<>(transactional, new StringSerializer(), new StringSerializer());
                KafkaConsumer<String, String> reader = consumer("marked");
                LagSampler sampler = new LagSampler(config)) {
            writer.initTransactions();
            writer.beginTransaction();
            writer.send(new ProducerRecord<>("marked", "k", "v")).get();
            writer.commitTransaction();
            commit(reader, "marked", 1);

            // the marker is written soon after the commit is acknowledged
            PartitionLag lag = await().atMost(Duration.ofSeconds(20))
                    .until(
                            () -> sampler.sample(only("marked"), List.of())
                                    .lags()
                                    .get(0),
                            sampled -> sampled.end() == 2);
            assertThat(lag.records()).hasValue(0);
            assertThat(lag.seconds()).hasValue(0);
            assertThat(lag.secondsFrom()).isEqualTo(SecondsFrom.EXACT);
        }
    }

    @Test
    void a_streams_group_and_a_share_group_lag_like_any_other() throws Exception {
        admin.incrementalAlterConfigs(Map.of(
                        new ConfigResource(ConfigResource.Type.GROUP, "shared"),
                        List.of(new AlterConfigOp(
                                new ConfigEntry("share.auto.offset.reset", "earliest"), AlterConfigOp.OpType.SET))))
                .all()
                .get();
        write("shared", 10);
        write("streamed", 10);
        StreamsBuilder builder = new StreamsBuilder();
        builder.stream("streamed").foreach((key, value) -> {});
        Properties settings = new Properties();
        settings.putAll(config.admin());
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, "streamed");
        settings.put(StreamsConfig.GROUP_PROTOCOL_CONFIG, "streams");
        settings.put(StreamsConfig.STATE_DIR_CONFIG, data.resolve("streamed").toString());
        settings.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 100);
        settings.put(StreamsConfig.DEFAULT_KEY_SERDE_CLASS_CONFIG, Serdes.StringSerde.class);
        settings.put(StreamsConfig.DEFAULT_VALUE_SERDE_CLASS_CONFIG, Serdes.StringSerde.class);
        settings.put("auto.offset.reset", "earliest");
        Map<String, Object> sharing = new HashMap<>(config.admin());
        sharing.put(ConsumerConfig.GROUP_ID_CONFIG, "shared");
        sharing.put("client.id", "sharer");
        try (KafkaStreams streams = new KafkaStreams(builder.build(), settings);
                KafkaShareConsumer<String, String> sharer =
                        new KafkaShareConsumer<>(sharing, new StringDeserializer(), new StringDeserializer());
                LagSampler sampler = new LagSampler(config)) {
            streams.start();
            sharer.subscribe(List.of("shared"));
            await().atMost(20, TimeUnit.SECONDS).until(() -> {
                ConsumerRecords<String, String> records = sharer.poll(Duration.ofMillis(200));
                for (ConsumerRecord<String, String> ignored : records) {
                    return true;
                }
                return false;
            });
            sharer.commitSync();
            await().atMost(20, TimeUnit.SECONDS).untilAsserted(() -> {
                List<PartitionLag> lags =
                        sampler.sample(only("streamed", "shared"), List.of()).lags();
                assertThat(lags).extracting(PartitionLag::group).containsExactly("shared", "streamed");
                assertThat(lags).allMatch(lag -> lag.records().orElseThrow() == 0);
                assertThat(lags.get(0).owner().map(PartitionLag.Owner::client)).contains("sharer");
                assertThat(lags.get(1).owner()).isPresent();
                sharer.poll(Duration.ofMillis(10));
                sharer.commitSync();
            });
            write("shared", 7);
            await().atMost(20, TimeUnit.SECONDS)
                    .untilAsserted(() -> assertThat(sampler.sample(only("shared"), List.of())
                                    .lags()
                                    .get(0)
                                    .records())
                            .hasValue(7));
        }
    }

    @Test
    @Tag("slow")
    void a_thousand_partitions_are_sampled_within_two_seconds() throws Exception {
        admin.createTopics(List.of(new NewTopic("many", MANY, (short) 1))).all().get(60, TimeUnit.SECONDS);
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        for (int partition = 0; partition < MANY; partition++) {
            sent.add(producer.send(new ProducerRecord<>("many", partition, "k", "v")));
            sent.add(producer.send(new ProducerRecord<>("many", partition, "k", "v")));
        }
        for (Future<RecordMetadata> one : sent) {
            one.get();
        }
        Map<TopicPartition, OffsetAndMetadata> first = new HashMap<>();
        Map<TopicPartition, OffsetAndMetadata> second = new HashMap<>();
        for (int partition = 0; partition < MANY; partition++) {
            first.put(new TopicPartition("many", partition), new OffsetAndMetadata(0));
            second.put(new TopicPartition("many", partition), new OffsetAndMetadata(1));
        }
        try (KafkaConsumer<String, String> reader = consumer("many");
                LagSampler sampler = new LagSampler(config)) {
            reader.commitSync(first);
            LagHistory history = new LagHistory(WINDOW);
            LagTarget.Choice many = present -> List.of(new LagTarget("many", Set.of("many"), Optional.empty()));
            LagReport cold = LagWatch.report(sampler, many, List.of(), history);
            reader.commitSync(second);
            LagReport warm = LagWatch.report(sampler, many, List.of(), history);

            System.out.println("1,000 partitions: first sample " + cold.took().toMillis() + " ms, next "
                    + warm.took().toMillis() + " ms");
            assertThat(cold.partitions())
                    .hasSize(MANY)
                    .allMatch(p -> p.lag().records().orElseThrow() == 2);
            assertThat(warm.partitions())
                    .hasSize(MANY)
                    .allMatch(p -> p.lag().records().orElseThrow() == 1);
            assertThat(warm.took()).isLessThan(Duration.ofSeconds(2));
        }
    }
}
