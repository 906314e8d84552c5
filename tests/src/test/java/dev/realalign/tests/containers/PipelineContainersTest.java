package dev.realalign.tests.containers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.realalign.runtime.ClusterConfig;
import dev.realalign.schemas.CheckpointVersion;
import dev.realalign.schemas.ImageId;
import dev.realalign.schemas.Sha256;
import dev.realalign.schemas.Topic;
import dev.realalign.schemas.TopicReader;
import dev.realalign.schemas.Topics;
import dev.realalign.tests.endtoend.Pictures;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.apache.avro.specific.SpecificRecord;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.Network;
import org.testcontainers.containers.startupcheck.OneShotStartupCheckStrategy;

/** Broker, registry and every role in a container of its own, with real photographs. */
@Tag("containers")
class PipelineContainersTest {
    private static final Duration PATIENCE = Duration.ofMinutes(8);
    private static final int FIRST = 60;
    private static final int ALL = 120;

    @TempDir
    static Path folder;

    private static final List<GenericContainer<?>> started = new ArrayList<>();
    private static Network network;
    private static Containers containers;
    private static GenericContainer<?> broker;
    private static String brokerAddress;
    private static String registryUrl;
    private static Path shared;
    private static List<Path> pictures;

    @BeforeAll
    static void start() throws Exception {
        Containers.requireEngine();
        shared = Files.createDirectory(folder.resolve("shared"));
        for (String name : List.of("blobs", "checkpoints", "state", "generator", "received", "keys", "photos")) {
            // the containers' user is nobody on this machine
            Files.setPosixFilePermissions(
                    Files.createDirectory(shared.resolve(name)), PosixFilePermissions.fromString("rwxrwxrwx"));
        }
        pictures = Pictures.tiles(folder.resolve("tiles"), ALL);
        network = Network.newNetwork();
        containers = new Containers(network, shared);
        int port = Containers.freePort();
        broker = containers.broker(port);
        begin(broker);
        brokerAddress = "127.0.0.1:" + port;
        GenericContainer<?> registry = containers.registry();
        begin(registry);
        registryUrl = Containers.registryUrl(registry);
        once(containers.stream("keys", "generate", "--out", "/data/keys"));
        begin(containers.stream("curate"));
        begin(containers.tensor("negatives"));
        begin(containers.tensor("publish"));
        begin(containers.stream(
                "subscribe",
                "--model",
                "tiny-photo",
                "--into",
                "/data/received",
                "--trust",
                "/data/keys/realalign.pub"));
        begin(containers.tensor("train"));
    }

    @AfterAll
    static void stop() {
        for (int i = started.size() - 1; i >= 0; i--) {
            started.get(i).stop();
        }
        if (network != null) {
            network.close();
        }
    }

    @Test
    void photographsBecomeVerifiedVersionsAndABrokerThatWasAwayLosesNone() throws Exception {
        feed(pictures.subList(0, FIRST));
        awaitVersion(1);

        broker.getDockerClient().stopContainerCmd(broker.getContainerId()).exec();
        Thread.sleep(3_000);
        broker.getDockerClient().startContainerCmd(broker.getContainerId()).exec();
        await().atMost(PATIENCE).ignoreExceptions().until(() -> !read(Topics.REAL_IMAGES)
                .isEmpty());

        long before = read(Topics.CHECKPOINTS).size();
        feed(pictures.subList(FIRST, ALL));
        awaitVersion(before + 1);
        await().atMost(PATIENCE).untilAsserted(() -> assertThat(verdicts()).hasSize(ALL));
        assertThat(verdicts())
                .as("each picture has one verdict")
                .doesNotHaveDuplicates()
                .containsExactlyInAnyOrderElementsOf(ids());
        assertReceivedIsWhatWasPublished();
        assertThat(read(Topics.PREFERENCE_TRIPLES))
                .as("the generator's container drew some of them")
                .anySatisfy(entry -> assertThat(
                                Objects.requireNonNull(entry.value()).getGeneratorModel())
                        .isNotNull());
    }

    @Test
    void aSchemaThatReadersCouldNotReadIsRefusedByTheRegistry() throws Exception {
        await().atMost(PATIENCE)
                .until(() -> get(registryUrl + "/subjects").body().contains("real-images-value"));

        HttpResponse<String> answer = HttpClient.newHttpClient()
                .send(
                        HttpRequest.newBuilder(URI.create(registryUrl + "/subjects/real-images-value/versions"))
                                .header("Content-Type", "application/vnd.schemaregistry.v1+json")
                                .POST(
                                        BodyPublishers.ofString(
                                                "{\"schema\":\"{\\\"type\\\":\\\"record\\\",\\\"name\\\":\\\"RealImage\\\",\\\"namespace\\\":"
                                                        + "\\\"dev.realalign.schemas\\\",\\\"fields\\\":[{\\\"name\\\":\\\"pixels\\\",\\\"type\\\":\\\"int\\\"}]}\"}"))
                                .build(),
                        BodyHandlers.ofString());

        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(409);
        assertThat(get(registryUrl + "/subjects/real-images-value/versions").body())
                .isEqualTo("[1]");
    }

    private static void feed(List<Path> files) throws IOException {
        Path photos = shared.resolve("photos");
        try (Stream<Path> old = Files.list(photos)) {
            for (Path file : old.toList()) {
                Files.delete(file);
            }
        }
        for (Path file : files) {
            Files.copy(file, photos.resolve(file.getFileName()));
        }
        once(containers.stream("feed", "/data/photos", "--caption", "a photograph"));
    }

    private static void awaitVersion(long version) {
        await().atMost(PATIENCE).pollInterval(Duration.ofSeconds(1)).untilAsserted(() -> {
            Path manifest = shared.resolve("received/current/manifest.json");
            assertThat(manifest).as(logs()).exists();
            JsonNode received = new JsonMapper().readTree(manifest.toFile());
            assertThat(received.get("version").asLong()).as(logs()).isGreaterThanOrEqualTo(version);
        });
    }

    /** The subscriber has checked signature and hashes; here its folder is held against what the publisher announced. */
    private static void assertReceivedIsWhatWasPublished() throws IOException {
        byte[] manifest = Files.readAllBytes(shared.resolve("received/current/manifest.json"));
        JsonNode received = new JsonMapper().readTree(manifest);
        CheckpointVersion announced = read(Topics.CHECKPOINTS).stream()
                .map(entry -> Objects.requireNonNull(entry.value()))
                .filter(version ->
                        version.getVersion() == received.get("version").asLong())
                .findFirst()
                .orElseThrow();
        assertThat(Sha256.hex(manifest)).isEqualTo(announced.getDigest());
        assertThat(shared.resolve("received/current/manifest.sig")).exists();
    }

    private static List<String> ids() throws IOException {
        List<String> ids = new ArrayList<>();
        for (Path picture : pictures) {
            ids.add(ImageId.of(Files.readAllBytes(picture)).hex());
        }
        return ids;
    }

    private static List<String> verdicts() {
        List<String> ids = new ArrayList<>();
        read(Topics.PREFERENCE_TRIPLES).forEach(entry -> ids.add(entry.key()));
        read(Topics.IMAGE_REJECTIONS).forEach(entry -> ids.add(entry.key()));
        return ids;
    }

    private static <V extends SpecificRecord> List<TopicReader.Entry<V>> read(Topic<String, V> topic) {
        ClusterConfig cluster =
                ClusterConfig.from(Map.of("bootstrap.servers", brokerAddress, "schema.registry.url", registryUrl));
        Map<String, Object> client = new HashMap<>(cluster.consumer("containers-test"));
        client.putAll(cluster.registry());
        return TopicReader.readAll(topic, client, Duration.ofSeconds(20));
    }

    private static HttpResponse<String> get(String url) throws IOException, InterruptedException {
        return HttpClient.newHttpClient()
                .send(HttpRequest.newBuilder(URI.create(url)).build(), BodyHandlers.ofString());
    }

    private static void begin(GenericContainer<?> container) {
        started.add(container);
        container.start();
    }

    /** Runs a container to its end, which must be a good one. */
    private static void once(GenericContainer<?> container) {
        try (container) {
            container
                    .withStartupCheckStrategy(new OneShotStartupCheckStrategy().withTimeout(PATIENCE))
                    .start();
        } catch (RuntimeException e) {
            throw new AssertionError("a container failed: " + container.getLogs(), e);
        }
    }

    private static String logs() {
        StringBuilder all = new StringBuilder();
        started.forEach(container -> {
            String log = container.getLogs();
            all.append(String.join(" ", container.getCommandParts()))
                    .append(container.isRunning() ? ":\n" : " (ended):\n")
                    .append(log.substring(Math.max(0, log.length() - 2_000)))
                    .append('\n');
        });
        return all.toString();
    }
}
