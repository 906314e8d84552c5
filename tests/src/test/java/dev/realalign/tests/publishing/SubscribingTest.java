package dev.realalign.tests.publishing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.realalign.app.command.RealAlignCommand;
import dev.realalign.app.embedded.EmbeddedCluster;
import dev.realalign.app.embedded.EmbeddedOptions;
import dev.realalign.publisher.PublisherConfig;
import dev.realalign.publisher.PublisherService;
import dev.realalign.runtime.ClusterConfig;
import dev.realalign.runtime.ClusterSetup;
import dev.realalign.schemas.CheckpointAlias;
import dev.realalign.schemas.CheckpointLayout;
import dev.realalign.schemas.SubscriberStatus;
import dev.realalign.schemas.TopicReader;
import dev.realalign.schemas.Topics;
import dev.realalign.schemas.signing.SigningKey;
import dev.realalign.schemas.signing.TrustedKeys;
import dev.realalign.subscriber.CheckpointSubscriber;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** Subscribers on a real broker and registry: what they take, what they refuse, and what they report. */
@Timeout(120)
class SubscribingTest {
    private static final Duration SOON = Duration.ofSeconds(60);

    @TempDir
    static Path data;

    private static EmbeddedCluster embedded;
    private static ClusterConfig cluster;

    @TempDir
    Path folder;

    private final SigningKey key = SigningKey.generate();

    @BeforeAll
    static void start() {
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
            "The command receives a signed version, runs the user's command once for it, and reports that it ended")
    void command() throws Exception {
        try (TrainerStandIn trainer = new TrainerStandIn(cluster, "signed", folder.resolve("store"));
                PublisherService publisher = publisher("signed")) {
            publisher.start();
            trainer.announce(trainer.write(10, 1.0));
            Path trust = Files.writeString(
                    folder.resolve("ours.pub"), key.publicKey().pem());
            Path seen = folder.resolve("seen");
            String[] subscribe = {
                "--trust",
                trust.toString(),
                "--name",
                "painter",
                "--exec",
                "echo $REALALIGN_MODEL $REALALIGN_VERSION $REALALIGN_DIGEST >> " + seen
                        + "; ls $REALALIGN_FOLDER; echo said"
            };

            Ended first = subscribe("signed", "into", subscribe);
            Ended second = subscribe("signed", "into", subscribe);

            Path version = folder.resolve("into/versions/00000001");
            SubscriberStatus status = status("painter").orElseThrow();
            assertThat(first.exitCode()).as(first.err()).isZero();
            assertThat(first.out())
                    .startsWith(
                            "received version 1 of signed, step 10, digest " + status.getDigest() + ", in " + version)
                    .contains("current is version 1: " + version);
            assertThat(first.err()).contains("manifest.sig").contains("said");
            assertThat(second.exitCode()).as(second.err()).isZero();
            assertThat(second.out()).doesNotContain("received");
            assertThat(Files.readAllLines(seen)).containsExactly("signed 1 " + status.getDigest());
            assertThat(version.resolve(CheckpointLayout.SIGNATURE)).exists();
            assertThat(status.getStopped()).isTrue();
            assertThat(status.getFollows()).isEqualTo("alias latest");
            assertThat(status.getVersion()).isEqualTo(1);
            assertThat(status.getAliasSequence()).isEqualTo(1);
            assertThat(status.getProblem()).isEmpty();
            assertThat(status.getSwitchedAt()).isNotNull().isBeforeOrEqualTo(status.getReportedAt());
            assertThat(status.getPublishedAt()).isNotNull().isBeforeOrEqualTo(status.getReportedAt());

            Path stranger = Files.writeString(
                    folder.resolve("stranger.pub"),
                    SigningKey.generate().publicKey().pem());
            Ended refused = subscribe("signed", "other", "--trust", stranger.toString(), "--timeout", "2");
            assertThat(refused.exitCode()).isEqualTo(1);
            assertThat(refused.err())
                    .contains(
                            "realalign: alias latest of signed was not received within 2 seconds: manifest.sig of version"
                                    + " 1 of signed is refused: it was made with the key "
                                    + key.publicKey().id() + ", which is not trusted here.");
            assertThat(folder.resolve("other/current")).doesNotExist();

            Ended failing =
                    subscribe("signed", "third", "--trust", trust.toString(), "--exec", "exit 3", "--timeout", "2");
            assertThat(failing.exitCode()).isEqualTo(1);
            assertThat(failing.err())
                    .contains("switched to version 1, but the command given with --exec ended with exit code 3");
            assertThat(folder.resolve("third/current/manifest.json")).exists();
        }
    }

    @Test
    @DisplayName(
            "An older move that comes after a newer one is refused and reported; the next version ends the trouble")
    void olderMove() throws Exception {
        String model = "order";
        try (TrainerStandIn trainer = new TrainerStandIn(cluster, model, folder.resolve("store"));
                PublisherService publisher = publisher(model);
                CheckpointSubscriber subscriber = CheckpointSubscriber.of(
                                model, folder.resolve("into"), cluster.reader("follower"))
                        .trust(TrustedKeys.of(key.publicKey()))
                        .name("watcher")
                        .start()) {
            publisher.start();
            trainer.announce(trainer.write(10, 1.0));
            awaitVersion(subscriber, 1);
            CheckpointAlias old = latest(model);
            trainer.announce(trainer.write(20, 1.0));
            awaitVersion(subscriber, 2);

            write(old);
            await().atMost(SOON).until(() -> status("watcher")
                    .filter(status -> status.getProblem()
                            .equals(
                                    "move 1 of alias latest of order, to version 1, is refused: this folder was taken to"
                                            + " move 2 before, and follows nothing older"))
                    .isPresent());
            assertThat(subscriber.state().current().orElseThrow().version()).isEqualTo(2);

            trainer.announce(trainer.write(30, 1.0));
            awaitVersion(subscriber, 3);
            await().atMost(SOON).until(() -> status("watcher")
                    .filter(status -> Long.valueOf(3).equals(status.getVersion())
                            && status.getProblem().isEmpty()
                            && !status.getStopped())
                    .isPresent());
        }
        assertThat(status("watcher").orElseThrow().getStopped()).isTrue();
    }

    private PublisherService publisher(String model) throws IOException {
        Path file = folder.resolve(model + ".key");
        key.write(file);
        Map<String, String> properties = new HashMap<>(embedded.properties());
        properties.put("model.name", model);
        properties.put("checkpoint.store.uri", CheckpointLayout.location(folder.resolve("store")));
        properties.put("publisher.signing.key", file.toString());
        return new PublisherService(PublisherConfig.from(properties));
    }

    private record Ended(int exitCode, String out, String err) {}

    private Ended subscribe(String model, String into, String... more) {
        List<String> args = new ArrayList<>(List.of(
                "subscribe",
                "--once",
                "--model",
                model,
                "--into",
                folder.resolve(into).toString()));
        embedded.properties().forEach((key, value) -> args.addAll(List.of("-D", key + "=" + value)));
        args.addAll(List.of(more));
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        CommandLine command = RealAlignCommand.commandLine();
        command.setOut(new PrintWriter(out));
        command.setErr(new PrintWriter(err));
        int exitCode = command.execute(args.toArray(String[]::new));
        return new Ended(exitCode, out.toString(), err.toString());
    }

    private static void awaitVersion(CheckpointSubscriber subscriber, long version) {
        await().atMost(SOON).until(() -> subscriber
                .state()
                .current()
                .filter(v -> v.version() == version)
                .isPresent());
    }

    private static Optional<SubscriberStatus> status(String subscriber) {
        return TopicReader.readAll(Topics.SUBSCRIBER_STATUS, cluster.reader("checker"), SOON).stream()
                .filter(entry -> entry.key().equals(subscriber))
                .map(TopicReader.Entry::value)
                .reduce((before, after) -> after);
    }

    private static CheckpointAlias latest(String model) {
        return TopicReader.readAll(Topics.CHECKPOINT_ALIASES, cluster.reader("checker"), SOON).stream()
                .filter(entry -> entry.key().equals(model + "/latest"))
                .map(TopicReader.Entry::value)
                .reduce((before, after) -> after)
                .orElseThrow();
    }

    /** As if somebody wrote an old record once more. */
    private static void write(CheckpointAlias alias) throws Exception {
        try (Serializer<CheckpointAlias> values = Topics.CHECKPOINT_ALIASES.valueSerializer(cluster.registry());
                KafkaProducer<String, byte[]> producer = new KafkaProducer<>(
                        cluster.producer("meddler"), new StringSerializer(), new ByteArraySerializer())) {
            String topic = Topics.CHECKPOINT_ALIASES.name();
            producer.send(new ProducerRecord<>(
                            topic, alias.getModel() + "/" + alias.getAlias(), values.serialize(topic, alias)))
                    .get();
        }
    }
}
