package dev.realalign.tests.generating;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.realalign.app.embedded.EmbeddedCluster;
import dev.realalign.app.embedded.EmbeddedOptions;
import dev.realalign.diffusion.model.DiffusionModel;
import dev.realalign.diffusion.model.LoadOptions;
import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.generator.GeneratorConfig;
import dev.realalign.generator.GeneratorService;
import dev.realalign.publisher.PublisherConfig;
import dev.realalign.publisher.PublisherService;
import dev.realalign.runtime.BlobStore;
import dev.realalign.runtime.ClusterConfig;
import dev.realalign.runtime.ClusterSetup;
import dev.realalign.runtime.Service;
import dev.realalign.schemas.BlobReference;
import dev.realalign.schemas.CheckpointLayout;
import dev.realalign.schemas.CheckpointVersion;
import dev.realalign.schemas.GeneratedNegative;
import dev.realalign.schemas.KeyPartitioner;
import dev.realalign.schemas.NegativeRequest;
import dev.realalign.schemas.TopicReader;
import dev.realalign.schemas.Topics;
import dev.realalign.schemas.signing.SigningKey;
import dev.realalign.tests.publishing.TrainerStandIn;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Negative generators on a real broker and registry, with the bundled model. */
@Timeout(300)
class GeneratingTest {
    private static final Duration SOON = Duration.ofSeconds(60);
    private static final Duration PATIENT = Duration.ofSeconds(150);
    private static final Path TINY = Path.of(System.getProperty("realalign.home"), "models", "tiny-photo");
    private static final int PARTITIONS = 3;

    @TempDir
    static Path data;

    private static EmbeddedCluster embedded;
    private static ClusterConfig cluster;
    private static BlobStore blobs;

    @TempDir
    Path folder;

    @BeforeAll
    static void start() {
        embedded = EmbeddedCluster.start(EmbeddedOptions.in(data.resolve("cluster")));
        cluster = ClusterConfig.from(embedded.properties());
        ClusterSetup.prepare(cluster, Topics.all());
        blobs = BlobStore.open(data.resolve("blobs").toUri()).ofWaiting();
    }

    @AfterAll
    static void stop() {
        embedded.close();
    }

    @Test
    @DisplayName(
            "A worker killed while it draws loses nothing and doubles nothing; what cannot be answered stops nobody")
    void killed() throws Exception {
        Map<String, NegativeRequest> wanted = new TreeMap<>();
        try (RequestFeed feed = new RequestFeed(cluster, blobs)) {
            feed.sendGarbage(PARTITIONS);
            NegativeRequest late = feed.request("killed", 100, "TEXT_TO_IMAGE")
                    .setDeadline(Instant.EPOCH)
                    .build();
            feed.send(late);
            for (int i = 0; i < 30; i++) {
                String kind = List.of("TEXT_TO_IMAGE", "SDEDIT", "SALIENCY_INPAINTING", "OIL_PAINTING")
                        .get(i % 4);
                NegativeRequest.Builder request = feed.request("killed", i, kind);
                if (i == 9) {
                    request.setPicture(new BlobReference("a".repeat(64), 5L));
                }
                wanted.put(request.getImageId(), request.build());
                feed.send(request.build());
            }
        }
        Map<String, String> slow = settings("killed", Map.of("generator.requests.max", "3", "generator.steps", "60"));
        Process first = process(slow);
        await().atMost(SOON).until(() -> answers(wanted.keySet()).size() >= 4);
        first.destroyForcibly().waitFor(); // the next three are being drawn
        int before = answers(wanted.keySet()).size();
        assertThat(before).isLessThan(wanted.size());

        try (GeneratorService second = worker("second", "killed", Map.of())) {
            second.start();
            await().atMost(SOON).until(() -> answers(wanted.keySet()).size() >= wanted.size());
            await().atMost(SOON).until(() -> lag("killed") == 0);

            assertThat(second.state()).isEqualTo(Service.State.RUNNING);
            assertThat(second.counts().made() + second.counts().refused()).isEqualTo(wanted.size() - before);
            assertThat(second.counts().undecodable()).isLessThanOrEqualTo(2 * PARTITIONS);
        }
        List<GeneratedNegative> answers = answers(wanted.keySet());
        assertThat(answers).hasSize(wanted.size());
        assertThat(answers.stream().map(GeneratedNegative::getImageId).distinct())
                .hasSize(wanted.size());
        Map<String, Integer> refusals = new TreeMap<>();
        for (GeneratedNegative answer : answers) {
            NegativeRequest request = Objects.requireNonNull(wanted.get(answer.getImageId()));
            assertThat(answer.getRecord()).isEqualTo(request.getRecord());
            assertThat(answer.getSeed()).isEqualTo(request.getSeed());
            assertThat(answer.getModel()).isEqualTo("tiny-photo");
            assertThat(answer.getModelVersion()).isNull();
            if (answer.getRefusal() != null) {
                refusals.merge(answer.getRefusal().getReason(), 1, Integer::sum);
            } else {
                assertThat(answer.getNegative()).isNotNull();
                assertThat(answer.getMask() != null).isEqualTo(answer.getKind().equals("SALIENCY_INPAINTING"));
            }
        }
        assertThat(refusals).isEqualTo(Map.of("PICTURE_MISSING", 1, "UNKNOWN_KIND", 7));
    }

    @Test
    @Tag("slow")
    @DisplayName("The members of a share group answer everything between them, whatever partition it stands in")
    void sharing() throws Exception {
        Map<String, String> share = Map.of("generator.group.type", "share", "generator.requests.max", "2");
        try (RequestFeed feed = new RequestFeed(cluster, blobs);
                GeneratorService one = worker("sharing-one", "sharing", share);
                GeneratorService two = worker("sharing-two", "sharing", share)) {
            one.start();
            two.start();
            Map<String, NegativeRequest> wanted = new TreeMap<>();
            feed.sendGarbage(1);
            for (int i = 0; i < 24; i++) {
                NegativeRequest request =
                        feed.request("sharing", i, "TEXT_TO_IMAGE").build();
                wanted.put(request.getImageId(), request);
                feed.send(request);
            }

            await().atMost(SOON).until(() -> answered(wanted.keySet()).containsAll(wanted.keySet()));

            assertThat(one.state()).isEqualTo(Service.State.RUNNING);
            assertThat(two.state()).isEqualTo(Service.State.RUNNING);
            assertThat(one.counts().made()).isPositive();
            assertThat(two.counts().made()).isPositive();
        }
    }

    @Test
    @Tag("slow")
    @DisplayName(
            "A worker of a share group that draws for longer than its locks last renews them: nobody draws it again")
    void renewing() throws Exception {
        int lockMillis = 15_000; // the least the broker allows
        try (Admin admin = Admin.create(cluster.admin())) {
            admin.incrementalAlterConfigs(Map.of(
                            new ConfigResource(ConfigResource.Type.GROUP, "renewing"),
                            List.of(new AlterConfigOp(
                                    new ConfigEntry("share.record.lock.duration.ms", Integer.toString(lockMillis)),
                                    AlterConfigOp.OpType.SET))))
                    .all()
                    .get();
            forgetRequests(admin); // the group would begin with those of the other tests
        }
        int batch = 8;
        try (RequestFeed feed = new RequestFeed(cluster, blobs)) {
            int steps = (int) Math.ceil(2 * lockMillis / 1000.0 / (batch * secondsOfStep(feed, batch)));
            Set<String> wanted = requestTogether(feed, "renewing", batch);
            try (GeneratorService worker = worker("renewing", "renewing", sharing(batch, steps))) {
                worker.start();
                await().atMost(PATIENT).until(() -> answered(wanted).size() == batch);
                // what was given out a second time would be drawn before this one
                Set<String> last = requestTogether(feed, "last", 1);
                await().atMost(PATIENT).until(() -> answers(last).size() == 1);
            }

            List<GeneratedNegative> answers = answers(wanted);
            assertThat(answers).hasSize(batch);
            // each is given an equal part of the time that its batch took
            assertThat(answers.stream().map(GeneratedNegative::getSeconds).distinct())
                    .as("all were drawn together")
                    .hasSize(1);
            assertThat(answers.get(0).getSeconds() * batch).isGreaterThan(lockMillis / 1000.0);
        }
    }

    private static Map<String, String> sharing(int batch, int steps) {
        return Map.of(
                "generator.group.type",
                "share",
                "generator.requests.max",
                Integer.toString(batch),
                "generator.batch",
                Integer.toString(batch),
                "generator.steps",
                Integer.toString(steps),
                "generator.sampler",
                "model",
                "generator.guidance",
                "3");
    }

    /** How long this machine takes for a step of one picture, drawn in batches; the first of two batches warms it up. */
    private double secondsOfStep(RequestFeed feed, int batch) throws Exception {
        int steps = 20;
        Set<String> wanted = requestTogether(feed, "pace", 2 * batch);
        try (GeneratorService worker = worker("pace", "renewing", sharing(batch, steps))) {
            worker.start();
            await().atMost(PATIENT).until(() -> answered(wanted).size() == 2 * batch);
        }
        return answers(wanted).stream()
                        .mapToDouble(GeneratedNegative::getSeconds)
                        .min()
                        .orElseThrow()
                / steps;
    }

    /** Requests of one partition, so that a worker that comes later takes as many at once as it may. */
    private static Set<String> requestTogether(RequestFeed feed, String name, int count) throws Exception {
        Set<String> wanted = new TreeSet<>();
        for (int i = 0; wanted.size() < count; i++) {
            NegativeRequest request = feed.request(name, i, "TEXT_TO_IMAGE").build();
            byte[] key = request.getImageId().getBytes(StandardCharsets.UTF_8);
            if (KeyPartitioner.partition(key, PARTITIONS) == 0) {
                feed.send(request);
                wanted.add(request.getImageId());
            }
        }
        return wanted;
    }

    private static void forgetRequests(Admin admin) throws Exception {
        Map<TopicPartition, RecordsToDelete> all = new HashMap<>();
        for (int partition = 0; partition < PARTITIONS; partition++) {
            all.put(new TopicPartition(Topics.NEGATIVE_REQUESTS.name(), partition), RecordsToDelete.beforeOffset(-1));
        }
        admin.deleteRecords(all).all().get();
    }

    @Test
    @DisplayName(
            "Workers follow the alias: the base model draws until there is a version, then each version in its turn")
    void following() throws Exception {
        String line = "followed";
        SigningKey key = SigningKey.generate();
        key.write(folder.resolve("line.key"));
        Path trust =
                Files.writeString(folder.resolve("line.pub"), key.publicKey().pem());
        Map<String, String> properties = new HashMap<>(embedded.properties());
        properties.put("model.name", line);
        properties.put("checkpoint.store.uri", CheckpointLayout.location(folder.resolve("store")));
        properties.put("publisher.signing.key", folder.resolve("line.key").toString());
        Map<String, String> settings = Map.of("model.name", line, "generator.trust.file", trust.toString());
        try (RequestFeed feed = new RequestFeed(cluster, blobs);
                TrainerStandIn trainer = new TrainerStandIn(cluster, line, folder.resolve("store"));
                PublisherService publisher = new PublisherService(PublisherConfig.from(properties))) {
            List<GeneratedNegative> answers = new ArrayList<>();
            try (GeneratorService worker = worker("follower", line, settings)) {
                worker.start();
                answers.add(answer(feed, 0));
                publisher.start();
                for (int version = 1; version <= 2; version++) {
                    trainer.announce(trainer.write(10L * version, 1.0, adapter(version)));
                    awaitVersion(worker, version);
                    answers.add(answer(feed, version));
                }
            }
            try (GeneratorService again = worker("follower", line, settings)) {
                again.start();
                answers.add(answer(feed, 3));
            }

            assertThat(answers.stream().map(GeneratedNegative::getModelVersion)).containsExactly(null, 1L, 2L, 2L);
            assertThat(answers.stream().map(GeneratedNegative::getModel))
                    .containsExactly("tiny-photo", line, line, line);
            assertThat(answers.stream().map(GeneratedNegative::getModelDigest))
                    .containsExactly(null, digest(line, 1), digest(line, 2), digest(line, 2));
            // caption and seed are the same for all: what differs is the version
            assertThat(answers.get(1).getNegative()).isNotEqualTo(answers.get(0).getNegative());
            assertThat(answers.get(2).getNegative()).isNotEqualTo(answers.get(1).getNegative());
            assertThat(answers.get(3).getNegative()).isEqualTo(answers.get(2).getNegative());
        }
    }

    private GeneratedNegative answer(RequestFeed feed, int number) throws Exception {
        NegativeRequest request =
                feed.request("followed", number, "TEXT_TO_IMAGE").setSeed(7L).build();
        feed.send(request);
        Set<String> wanted = Set.of(request.getImageId());
        await().atMost(SOON).until(() -> answers(wanted).size() == 1);
        return answers(wanted).get(0);
    }

    private static void awaitVersion(GeneratorService worker, long version) {
        await().atMost(SOON).until(() -> {
            assertThat(worker.failure()).isEmpty();
            return TopicReader.readAll(Topics.SUBSCRIBER_STATUS, cluster.reader("checker"), SOON).stream()
                    .filter(entry -> entry.key().equals("generator-follower"))
                    .map(TopicReader.Entry::value)
                    .anyMatch(status -> Long.valueOf(version).equals(status.getVersion()));
        });
    }

    private static String digest(String line, long version) {
        return TopicReader.readAll(Topics.CHECKPOINTS, cluster.reader("checker"), SOON).stream()
                .map(TopicReader.Entry::value)
                .filter(found -> found.getModel().equals(line) && found.getVersion() == version)
                .map(CheckpointVersion::getDigest)
                .findFirst()
                .orElseThrow();
    }

    /** An adapter of rank 4 at every layer to_q of the bundled model, strong enough to change what is drawn. */
    private static Map<String, Tensor> adapter(long seed) {
        Map<String, Tensor> tensors = new TreeMap<>();
        try (DiffusionModel model = DiffusionModel.load(TINY, LoadOptions.DEFAULT)) {
            model.denoiser().linears().forEach((path, linear) -> {
                if (path.endsWith("to_q")) {
                    tensors.put("unet." + path + ".lora_A.weight", Tensor.randn(seed, 4, linear.in()));
                    tensors.put("unet." + path + ".lora_B.weight", Tensor.randn(seed + 1, linear.out(), 4));
                }
            });
        }
        return tensors;
    }

    private GeneratorService worker(String name, String group, Map<String, String> more) {
        Map<String, String> settings = settings(group, more);
        settings.put("generator.instance", name);
        settings.put(
                "generator.versions.dir", folder.resolve("versions-" + name).toString());
        return new GeneratorService(GeneratorConfig.from(settings));
    }

    private Map<String, String> settings(String group, Map<String, String> more) {
        Map<String, String> settings = new HashMap<>(embedded.properties());
        settings.put("blob.store.uri", data.resolve("blobs").toUri().toString());
        settings.put("model.name", "nobody-publishes-this");
        settings.put("generator.group", group);
        settings.put("generator.base.model", TINY.toString());
        settings.put("generator.versions.dir", folder.resolve("versions").toString());
        settings.put("generator.sampler", "dpm-solver");
        settings.put("generator.steps", "3");
        settings.put("generator.guidance", "1");
        settings.put("consumer.session.timeout.ms", "6000"); // a killed worker is missed after this time
        settings.putAll(more);
        if (!more.containsKey("generator.trust.file")) {
            settings.put("generator.unsigned.allowed", "true");
        }
        return settings;
    }

    private Process process(Map<String, String> settings) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx512m",
                "-XX:TieredStopAtLevel=1",
                "-Djava.awt.headless=true",
                "-DOPT_OUT_TRACKING=true",
                "-Dai.djl.offline=true",
                "-Dai.djl.default_engine=PyTorch",
                "-cp",
                System.getProperty("java.class.path"),
                GeneratorProcess.class.getName()));
        settings.forEach((key, value) -> command.add(key + "=" + value));
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("killed.log").toFile())
                .start();
    }

    private static Set<String> answered(Set<String> images) {
        return answers(images).stream().map(GeneratedNegative::getImageId).collect(Collectors.toSet());
    }

    /** Committed answers about these images. */
    private static List<GeneratedNegative> answers(Set<String> images) {
        return TopicReader.readAll(Topics.GENERATED_NEGATIVES, cluster.reader("checker"), SOON).stream()
                .map(TopicReader.Entry::value)
                .filter(answer -> images.contains(answer.getImageId()))
                .toList();
    }

    /** Records of negative-requests that the group has not passed. */
    private static long lag(String group) throws Exception {
        try (Admin admin = Admin.create(cluster.admin())) {
            Map<TopicPartition, OffsetAndMetadata> committed = admin.listConsumerGroupOffsets(group)
                    .partitionsToOffsetAndMetadata()
                    .get();
            Map<TopicPartition, OffsetSpec> latest = new HashMap<>();
            for (int partition = 0; partition < PARTITIONS; partition++) {
                latest.put(new TopicPartition(Topics.NEGATIVE_REQUESTS.name(), partition), OffsetSpec.latest());
            }
            return admin.listOffsets(latest).all().get().entrySet().stream()
                    .mapToLong(end -> end.getValue().offset()
                            - (committed.get(end.getKey()) == null
                                    ? 0
                                    : committed.get(end.getKey()).offset()))
                    .sum();
        }
    }
}
