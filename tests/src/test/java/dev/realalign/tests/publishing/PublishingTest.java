package dev.realalign.tests.publishing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.realalign.app.command.RealAlignCommand;
import dev.realalign.app.embedded.EmbeddedCluster;
import dev.realalign.app.embedded.EmbeddedOptions;
import dev.realalign.publisher.HeldOutRatioGate;
import dev.realalign.publisher.PublisherConfig;
import dev.realalign.publisher.PublisherService;
import dev.realalign.publisher.PublishingStep;
import dev.realalign.runtime.ClusterConfig;
import dev.realalign.runtime.ClusterSetup;
import dev.realalign.runtime.Service;
import dev.realalign.runtime.UserErrorException;
import dev.realalign.schemas.CheckpointAlias;
import dev.realalign.schemas.CheckpointCandidate;
import dev.realalign.schemas.CheckpointCommand;
import dev.realalign.schemas.CheckpointLayout;
import dev.realalign.schemas.CheckpointVersion;
import dev.realalign.schemas.FileEntry;
import dev.realalign.schemas.PublishingDecision;
import dev.realalign.schemas.Sha256;
import dev.realalign.schemas.Topic;
import dev.realalign.schemas.TopicReader;
import dev.realalign.schemas.Topics;
import dev.realalign.schemas.VersionManifest;
import dev.realalign.schemas.signing.SigningKey;
import dev.realalign.schemas.signing.TrustedKeys;
import dev.realalign.subscriber.CheckpointSubscriber;
import dev.realalign.subscriber.Follow;
import dev.realalign.subscriber.ReceivedVersion;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

@Timeout(300)
class PublishingTest {
    private static final Duration SOON = Duration.ofSeconds(60);

    @TempDir
    static Path data;

    private static EmbeddedCluster embedded;
    private static ClusterConfig cluster;
    private static Path signingKey;
    private static TrustedKeys trusted;

    @TempDir
    Path folder;

    @BeforeAll
    static void start() throws IOException {
        signingKey = data.resolve("publisher.key");
        SigningKey key = SigningKey.generate();
        key.write(signingKey);
        trusted = TrustedKeys.of(key.publicKey());
        embedded = EmbeddedCluster.start(EmbeddedOptions.in(data));
        cluster = ClusterConfig.from(embedded.properties());
        ClusterSetup.prepare(cluster, Topics.all());
    }

    @AfterAll
    static void stop() {
        embedded.close();
    }

    @Test
    @DisplayName(
            "Killed around its commit, the publisher leaves no gap and no double, and a follower gets each version once")
    void killedAroundItsCommit() throws Exception {
        killedAt(
                EnumSet.of(PublishingStep.IN_PLACE, PublishingStep.OFFSET_SENT, PublishingStep.COMMITTED),
                "killed-at-commit");
    }

    @Test
    @Tag("slow")
    @DisplayName(
            "Killed at every step in turn, the publisher leaves no gap and no double, and a follower gets each version once")
    void killedAtEveryStep() throws Exception {
        killedAt(EnumSet.range(PublishingStep.TAKEN, PublishingStep.PRUNED), "killed");
    }

    /** Kills a publisher of the line at each of these steps, and once more before it answers a command. */
    private void killedAt(Set<PublishingStep> all, String model) throws Exception {
        int steps = all.size();
        List<Long> received = new CopyOnWriteArrayList<>();
        try (TrainerStandIn trainer = new TrainerStandIn(cluster, model, folder.resolve("store"));
                CheckpointSubscriber subscriber = CheckpointSubscriber.of(
                                model, folder.resolve("into"), cluster.reader("follower"))
                        .trust(trusted)
                        .follow(new Follow.AllVersions())
                        .onVersion(version -> received.add(version.version()))
                        .start()) {
            long candidate = 0;
            List<PublishingStep> deaths = new ArrayList<>(all);
            deaths.add(PublishingStep.OFFSET_SENT);
            Process next = publisherThatDiesAt(deaths.get(0), model);
            for (int death = 0; death < deaths.size(); death++) {
                if (death < steps) {
                    trainer.announce(trainer.write(++candidate * 10, 1.0));
                } else {
                    ask(command(model, "promote", "canary", 1L, null));
                }
                Process publisher = next;
                publisher.getOutputStream().write('\n');
                publisher.getOutputStream().flush();
                if (death + 1 < deaths.size()) { // it starts up while this one works
                    next = publisherThatDiesAt(deaths.get(death + 1), model);
                }
                assertThat(publisher.waitFor(60, TimeUnit.SECONDS))
                        .as("the publisher reaches %s", deaths.get(death))
                        .isTrue();
                assertThat(publisher.exitValue()).isEqualTo(PublisherProcess.KILLED);
                verifyEverythingAnnounced(model);
            }
            assertThat(answers(model))
                    .as("killed before its answer was committed")
                    .isEmpty();
            trainer.announce(trainer.write(++candidate * 10, 1.0));
            try (PublisherService last = publisher(model)) {
                last.start();
                await().atMost(SOON).until(() -> versions(model).size() == steps + 1);
                await().atMost(SOON).until(() -> !answers(model).isEmpty());
            }
            assertThat(subscriber.awaitCurrent(SOON).version()).isEqualTo(steps + 1);
        }

        Long[] numbers = LongStream.rangeClosed(1, steps + 1).boxed().toArray(Long[]::new);
        assertThat(versions(model)).extracting(CheckpointVersion::getVersion).containsExactly(numbers);
        assertThat(versions(model)).extracting(CheckpointVersion::getStep).doesNotHaveDuplicates();
        assertThat(answers(model))
                .extracting(PublishingDecision::getReason)
                .containsExactly("canary moved to version 1: because");
        assertThat(decisions(model))
                .filteredOn(decision -> decision.getCommand() == null)
                .hasSize(steps + 1)
                .allSatisfy(decision -> assertThat(decision.getReason()).isEqualTo("published"));
        CheckpointAlias latest = latest(model);
        assertThat(latest.getVersion()).isEqualTo(steps + 1);
        assertThat(latest.getSequence()).isEqualTo(steps + 1);
        assertThat(received).containsExactly(numbers);
        assertThat(names(new CheckpointLayout(folder.resolve("store")).versions(model)))
                .hasSize(steps + 1)
                .allSatisfy(name -> assertThat(name).matches("[0-9]{8}"));
    }

    @Test
    @DisplayName(
            "Refused, repeated, undecodable and aborted candidates leave the versions alone, and the group does not lag")
    void everyKindOfCandidate() throws Exception {
        String model = "mixed";
        try (TrainerStandIn trainer = new TrainerStandIn(cluster, model, folder.resolve("store"));
                TrainerStandIn other = new TrainerStandIn(cluster, "other", folder.resolve("store"));
                PublisherService publisher = publisher(model)) {
            CheckpointCandidate first = trainer.write(10, 1.0);
            trainer.announce(first);
            trainer.announce(trainer.write(20, 1.7));
            trainer.announce(first);
            trainer.announceGarbage();
            trainer.announceAndAbort(trainer.write(30, 1.0));
            trainer.announce(trainer.write(40, 1.0));
            other.announce(other.write(50, 1.0));
            publisher.start();

            await().atMost(SOON).until(() -> versions(model).size() == 2);
            await().atMost(SOON).untilAsserted(() -> assertThat(lag(model)).isZero());
        }
        assertThat(decisions(model))
                .extracting(PublishingDecision::getReason)
                .satisfiesExactly(
                        reason -> assertThat(reason).isEqualTo("published"),
                        reason -> assertThat(reason)
                                .isEqualTo(
                                        "its error on held-out real images is 1.7000 times the reference's, more than 1.1000"),
                        reason -> assertThat(reason).isEqualTo("already published as version 1"),
                        reason -> assertThat(reason)
                                .startsWith("the record at offset ")
                                .contains(" of checkpoint-candidates-0 cannot be decoded: "),
                        reason -> assertThat(reason).isEqualTo("published"));
        assertThat(versions("other")).isEmpty();
    }

    @Test
    @DisplayName("A second publisher of the same line takes over, and the first ends with one sentence")
    void fenced() throws Exception {
        String model = "fenced";
        try (TrainerStandIn trainer = new TrainerStandIn(cluster, model, folder.resolve("store"));
                PublisherService first = publisher(model);
                PublisherService second = publisher(model)) {
            first.start();
            trainer.announce(trainer.write(10, 1.0));
            await().atMost(SOON).until(() -> versions(model).size() == 1);
            second.start();
            await().atMost(SOON).until(() -> second.state() == Service.State.RUNNING);
            trainer.announce(trainer.write(20, 1.0));

            assertThat(first.await(SOON)).isTrue();
            assertThat(first.state()).isEqualTo(Service.State.FAILED);
            assertThat(first.failure().orElseThrow())
                    .isInstanceOf(UserErrorException.class)
                    .hasMessage(
                            "another publisher of model fenced has taken over (transactional id publisher-fenced), so"
                                    + " this one ends. Run one publisher for each model line.");
            await().atMost(SOON).until(() -> versions(model).size() == 2);
            trainer.announce(trainer.write(30, 1.0));
            await().atMost(SOON).until(() -> versions(model).size() == 3);
            assertThat(second.state()).isEqualTo(Service.State.RUNNING);
        }
        assertThat(decisions(model)).hasSize(3);
        verifyEverythingAnnounced(model);
    }

    @Test
    @DisplayName(
            "A store that cannot be written ends the publisher with one sentence; mended, it goes on with nothing lost")
    void unwritableStore() throws Exception {
        String model = "unwritable";
        Path store = folder.resolve("store");
        try (TrainerStandIn trainer = new TrainerStandIn(cluster, model, store)) {
            trainer.announce(trainer.write(10, 1.0));
            Path versions = new CheckpointLayout(store).versions(model);
            Files.writeString(versions, "a file where the folder of versions belongs");
            try (PublisherService publisher = publisher(model)) {
                publisher.start();
                assertThat(publisher.await(SOON)).isTrue();
                assertThat(publisher.failure().orElseThrow())
                        .isInstanceOf(UserErrorException.class)
                        .hasMessageStartingWith("the checkpoint store " + store + " cannot be used (")
                        .hasMessageEndingWith(
                                "Nothing was announced and nothing is lost: make room or make it writable,"
                                        + " then start the publisher again.");
            }
            assertThat(decisions(model)).isEmpty();

            Files.delete(versions);
            try (PublisherService publisher = publisher(model)) {
                publisher.start();
                await().atMost(SOON).until(() -> versions(model).size() == 1);
            }
        }
    }

    @Test
    @DisplayName("Every alias move reaches a follower's disk, one after the other")
    void everyAliasMove() throws Exception {
        String model = "quick";
        List<ReceivedVersion> received = new CopyOnWriteArrayList<>();
        try (TrainerStandIn trainer = new TrainerStandIn(cluster, model, folder.resolve("store"));
                PublisherService publisher = publisher(model);
                CheckpointSubscriber subscriber = CheckpointSubscriber.of(
                                model, folder.resolve("into"), cluster.reader("follower"))
                        .trust(trusted)
                        .follow(new Follow.Alias("latest", true))
                        .onVersion(received::add)
                        .start()) {
            publisher.start();
            trainer.announce(trainer.write(10, 1.0));
            subscriber.awaitCurrent(SOON);
            for (long step = 20; step <= 60; step += 10) {
                CheckpointCandidate candidate = trainer.write(step, 1.0);
                int before = received.size();
                trainer.announce(candidate);
                await().pollInterval(Duration.ofMillis(5))
                        .atMost(Duration.ofSeconds(10))
                        .until(() -> received.size() > before);
            }
        }
        assertThat(received).extracting(ReceivedVersion::version).containsExactly(1L, 2L, 3L, 4L, 5L, 6L);
    }

    @Test
    @DisplayName("A rollback holds latest while three versions are numbered; a follower stays back until the release")
    void rollbackAndRelease() throws Exception {
        String model = "rolled";
        List<Long> received = new CopyOnWriteArrayList<>();
        try (TrainerStandIn trainer = new TrainerStandIn(cluster, model, folder.resolve("store"));
                PublisherService publisher = publisher(model);
                CheckpointSubscriber subscriber = CheckpointSubscriber.of(
                                model, folder.resolve("into"), cluster.reader("follower"))
                        .trust(trusted)
                        .follow(new Follow.Alias("latest", true))
                        .onVersion(version -> received.add(version.version()))
                        .start()) {
            publisher.start();
            trainer.announce(trainer.write(10, 1.0));
            trainer.announce(trainer.write(20, 1.0));
            await().atMost(SOON).until(() -> received.size() == 2);
            ask(command(model, "rollback", "latest", 1L, latest(model).getDigest()));
            await().atMost(SOON).until(() -> received.size() == 3);
            for (long step = 30; step <= 50; step += 10) {
                trainer.announce(trainer.write(step, 1.0));
            }
            await().atMost(SOON).until(() -> versions(model).size() == 5);
            assertThat(latest(model).getVersion()).isEqualTo(1);
            assertThat(realalign(model, "release", "--expect", latest(model).getDigest()))
                    .startsWith("0 done: latest moved from version 1 to version 5");
            await().atMost(SOON).until(() -> received.size() == 4);
        }
        assertThat(received).containsExactly(1L, 2L, 1L, 5L);
        assertThat(decisions(model))
                .extracting(PublishingDecision::getReason)
                .containsExactly(
                        "published",
                        "published",
                        "latest moved from version 2 to version 1, held there until it is released: because",
                        "published; latest is held at version 1 and does not move",
                        "published; latest is held at version 1 and does not move",
                        "published; latest is held at version 1 and does not move",
                        "latest moved from version 1 to version 5, no longer held: because");
    }

    @Test
    @Tag("slow")
    @DisplayName(
            "On the command line: of two promotions at once one wins, a stale one is told why, and silence is a sentence")
    void commandLine() throws Exception {
        String model = "asked";
        try (TrainerStandIn trainer = new TrainerStandIn(cluster, model, folder.resolve("store"))) {
            try (PublisherService publisher = publisher(model)) {
                publisher.start();
                trainer.announce(trainer.write(10, 1.0));
                trainer.announce(trainer.write(20, 1.0));
                trainer.announce(trainer.write(30, 1.0));
                await().atMost(SOON).until(() -> versions(model).size() == 3);

                assertThat(realalign(model, "promote", "1", "--alias", "canary"))
                        .isEqualTo("0 done: canary moved to version 1: because");
                String digest = versions(model).get(0).getDigest();
                List<String> ends = Stream.of("2", "3")
                        .parallel()
                        .map(version -> realalign(model, "promote", version, "--alias", "canary", "--expect", digest))
                        .toList();
                assertThat(ends)
                        .satisfiesOnlyOnce(
                                end -> assertThat(end).startsWith("0 done: canary moved from version 1 to version "))
                        .satisfiesOnlyOnce(end -> assertThat(end)
                                .startsWith("1 refused: canary points to version ")
                                .contains("by now, not to digest " + digest + " as expected"));
                assertThat(realalign(model, "rollback", "1", "--training"))
                        .isEqualTo("0 done: latest moved from version 3 to version 1, held there until it is released;"
                                + " training goes on from its candidate: because");
                assertThat(decisions(model).get(decisions(model).size() - 1))
                        .satisfies(decision ->
                                assertThat(decision.getRewindTraining()).isTrue())
                        .satisfies(
                                decision -> assertThat(decision.getCandidate()).isEqualTo("step-0000000010-s0001"));
                assertThat(realalign(model, "release")).startsWith("0 done: latest moved from version 1 to version 3");
                assertThat(realalign(model, "pin", "9", "--alias", "champion"))
                        .isEqualTo("1 refused: version 9 was never published; the newest is 3");
            }
            assertThat(realalign(model, "release", "--timeout", "1"))
                    .startsWith("1 realalign: No publisher of asked answered within 1 seconds. The command is kept: ");
        }
    }

    /** Exit code and what was said, as one line. */
    private static String realalign(String model, String... words) {
        StringWriter said = new StringWriter();
        CommandLine command = RealAlignCommand.commandLine();
        command.setOut(new PrintWriter(said));
        command.setErr(new PrintWriter(said));
        List<String> all = new ArrayList<>(List.of("checkpoints"));
        all.addAll(List.of(words));
        all.addAll(List.of("--model", model, "--actor", "somebody", "--reason", "because"));
        embedded.properties().forEach((key, value) -> all.addAll(List.of("-D", key + "=" + value)));
        int exitCode = command.execute(all.toArray(String[]::new));
        return exitCode + " " + said.toString().strip();
    }

    private static CheckpointCommand command(
            String model, String action, String alias, @Nullable Long version, @Nullable String expected) {
        return CheckpointCommand.newBuilder()
                .setId(model + " " + action + " " + alias + " " + version)
                .setModel(model)
                .setAction(action)
                .setAlias(alias)
                .setVersion(version)
                .setExpectedDigest(expected)
                .setActor("somebody")
                .setReason("because")
                .setAskedAt(Instant.parse("2026-01-02T03:04:05Z"))
                .build();
    }

    private static void ask(CheckpointCommand command) throws Exception {
        try (KafkaProducer<String, CheckpointCommand> asker = new KafkaProducer<>(
                cluster.producer("asker"),
                Topics.CHECKPOINT_COMMANDS.keySerializer(),
                Topics.CHECKPOINT_COMMANDS.valueSerializer(cluster.registry()))) {
            asker.send(new ProducerRecord<>(Topics.CHECKPOINT_COMMANDS.name(), command.getModel(), command))
                    .get();
        }
    }

    private static List<PublishingDecision> answers(String model) {
        return decisions(model).stream()
                .filter(decision -> decision.getCommand() != null)
                .toList();
    }

    private PublisherService publisher(String model) {
        return new PublisherService(
                PublisherConfig.from(properties(model)),
                new HeldOutRatioGate(1.1, false),
                PublishingStep.Observer.NONE);
    }

    private Process publisherThatDiesAt(PublishingStep step, String model) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-XX:TieredStopAtLevel=1",
                "-DOPT_OUT_TRACKING=true",
                "-Dai.djl.offline=true",
                "-Dai.djl.default_engine=PyTorch",
                "-cp",
                System.getProperty("java.class.path"),
                PublisherProcess.class.getName(),
                step.name()));
        properties(model).forEach((key, value) -> command.add(key + "=" + value));
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("publisher-" + step + "-" + System.nanoTime() + ".log")
                        .toFile())
                .start();
    }

    private Map<String, String> properties(String model) {
        Map<String, String> properties = new HashMap<>(embedded.properties());
        properties.put("model.name", model);
        properties.put("publisher.signing.key", signingKey.toString());
        properties.put("checkpoint.store.uri", CheckpointLayout.location(folder.resolve("store")));
        return properties;
    }

    private void verifyEverythingAnnounced(String model) throws IOException {
        for (CheckpointVersion version : versions(model)) {
            Path place = new CheckpointLayout(folder.resolve("store")).version(model, version.getVersion());
            byte[] manifest = Files.readAllBytes(place.resolve(CheckpointLayout.MANIFEST));
            assertThat(Sha256.hex(manifest)).isEqualTo(version.getDigest());
            for (FileEntry file :
                    VersionManifest.parse(manifest, place.toString()).files()) {
                file.verify(place.resolve(file.name()));
            }
        }
    }

    private static List<CheckpointVersion> versions(String model) {
        return read(Topics.CHECKPOINTS).stream()
                .filter(version -> version.getModel().equals(model))
                .toList();
    }

    private static List<PublishingDecision> decisions(String model) {
        return read(Topics.PUBLISHING_LOG).stream()
                .filter(decision -> decision.getModel().equals(model))
                .toList();
    }

    private static CheckpointAlias latest(String model) {
        return read(Topics.CHECKPOINT_ALIASES).stream()
                .filter(alias ->
                        alias.getModel().equals(model) && alias.getAlias().equals("latest"))
                .reduce((before, after) -> after)
                .orElseThrow();
    }

    private static <V extends SpecificRecord> List<V> read(Topic<String, V> topic) {
        List<V> values = new ArrayList<>();
        for (TopicReader.Entry<V> entry : TopicReader.readAll(topic, cluster.reader("checker"), SOON)) {
            V value = entry.value();
            if (value != null) {
                values.add(value);
            }
        }
        return values;
    }

    private static long lag(String model) throws Exception {
        TopicPartition partition = new TopicPartition(Topics.CHECKPOINT_CANDIDATES.name(), 0);
        try (Admin admin = Admin.create(cluster.admin())) {
            OffsetAndMetadata committed = admin.listConsumerGroupOffsets("realalign-publisher-" + model)
                    .partitionsToOffsetAndMetadata()
                    .get()
                    .get(partition);
            long end = admin.listOffsets(Map.of(partition, OffsetSpec.latest()))
                    .partitionResult(partition)
                    .get()
                    .offset();
            return committed == null ? end : end - committed.offset();
        }
    }

    private static List<String> names(Path folder) throws IOException {
        try (var children = Files.list(folder)) {
            return children.map(child -> String.valueOf(child.getFileName())).toList();
        }
    }
}
