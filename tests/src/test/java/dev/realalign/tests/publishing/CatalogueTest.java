package dev.realalign.tests.publishing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.awaitility.Awaitility.await;

import dev.realalign.app.embedded.EmbeddedCluster;
import dev.realalign.app.embedded.EmbeddedOptions;
import dev.realalign.publisher.HeldOutRatioGate;
import dev.realalign.publisher.PublisherConfig;
import dev.realalign.publisher.PublisherService;
import dev.realalign.publisher.PublishingStep;
import dev.realalign.runtime.ClusterConfig;
import dev.realalign.runtime.ClusterSetup;
import dev.realalign.schemas.CheckpointLayout;
import dev.realalign.schemas.Sha256;
import dev.realalign.schemas.Topics;
import dev.realalign.schemas.signing.SigningKey;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The catalogue as a client sees it: through curl, with a token. */
@Timeout(180)
class CatalogueTest {
    private static final String MODEL = "catalogued";
    private static final String TOKEN = "a-token-of-twenty-four-c";
    private static final Duration SOON = Duration.ofSeconds(60);

    @TempDir
    static Path data;

    private static EmbeddedCluster embedded;
    private static TrainerStandIn trainer;
    private static PublisherService publisher;
    private static String base = "";

    @BeforeAll
    static void start() throws Exception {
        assumeThat(hasCurl()).as("curl is not installed here").isTrue();
        embedded = EmbeddedCluster.start(EmbeddedOptions.in(data.resolve("cluster")));
        ClusterConfig cluster = ClusterConfig.from(embedded.properties());
        ClusterSetup.prepare(cluster, Topics.all());
        trainer = new TrainerStandIn(cluster, MODEL, data.resolve("store"));
        Map<String, String> given = new HashMap<>(embedded.properties());
        given.put("model.name", MODEL);
        given.put("checkpoint.store.uri", CheckpointLayout.location(data.resolve("store")));
        Path key = data.resolve("publisher.key");
        SigningKey.generate().write(key);
        given.put("publisher.signing.key", key.toString());
        int port = freePort();
        given.put("publisher.http.port", Integer.toString(port));
        given.put(
                "publisher.http.token.file",
                Files.writeString(data.resolve("token"), TOKEN + "\n").toString());
        base = "http://127.0.0.1:" + port;
        publisher = new PublisherService(
                PublisherConfig.from(given), new HeldOutRatioGate(1.1, false), PublishingStep.Observer.NONE);
        publisher.start();
        trainer.announce(trainer.write(10, 1.0));
        await().atMost(SOON).until(() -> curl("/models/" + MODEL + "/aliases").contains("latest"));
    }

    @AfterAll
    static void stop() {
        if (embedded != null) {
            publisher.close();
            trainer.close();
            embedded.close();
        }
    }

    @Test
    @DisplayName("curl follows three versions by events, misses none when it comes back, and resumes a file by range")
    void threeVersions() throws Exception {
        Path events = data.resolve("events");
        Process following = start(List.of("-N", "-o", events.toString()), "/models/" + MODEL + "/events");
        try {
            await().atMost(SOON).until(() -> read(events).contains("id: "));
            trainer.announce(trainer.write(20, 1.0));
            trainer.announce(trainer.write(30, 1.0));
            await().atMost(SOON).until(() -> read(events).contains("\"version\":3"));
        } finally {
            following.destroy();
        }
        assertThat(read(events).lines().filter(line -> line.startsWith("id: ")))
                .containsExactly("id: 1", "id: 2", "id: 3");

        Path again = data.resolve("again");
        Process back =
                start(List.of("-N", "-o", again.toString(), "-H", "Last-Event-ID: 1"), "/models/" + MODEL + "/events");
        try {
            await().atMost(SOON).until(() -> read(again).contains("id: 3"));
        } finally {
            back.destroy();
        }
        assertThat(read(again).lines().filter(line -> line.startsWith("id: "))).containsExactly("id: 2", "id: 3");

        for (long version = 1; version <= 3; version++) {
            String kohya = CheckpointLayout.kohyaFile(MODEL, version);
            Path published = new CheckpointLayout(data.resolve("store"))
                    .version(MODEL, version)
                    .resolve(kohya);
            byte[] whole = Files.readAllBytes(published);
            Path fetched = data.resolve(kohya);
            Files.write(fetched, Arrays.copyOf(whole, 1000)); // an interrupted download
            String headers = curl(
                    "/models/" + MODEL + "/versions/" + version + "/files/" + kohya,
                    "-C",
                    "-",
                    "-D",
                    "-",
                    "-o",
                    fetched.toString());

            assertThat(headers)
                    .contains(" 206 ")
                    .containsIgnoringCase("ETag: \"" + Sha256.hex(whole) + "\"")
                    .containsIgnoringCase("Content-Range: bytes 1000-" + (whole.length - 1) + "/" + whole.length);
            assertThat(Files.readAllBytes(fetched)).isEqualTo(whole);
        }
    }

    @Test
    @DisplayName("A version's manifest is served byte for byte under its digest; what a client has is not sent again")
    void conditional() throws Exception {
        Path folder = new CheckpointLayout(data.resolve("store")).version(MODEL, 1);
        byte[] manifest = Files.readAllBytes(folder.resolve(CheckpointLayout.MANIFEST));
        String digest = Sha256.hex(manifest);
        String path = "/models/" + MODEL + "/versions/1";

        assertThat(curl(path)).isEqualTo(new String(manifest, StandardCharsets.UTF_8));
        byte[] signature = Files.readAllBytes(folder.resolve(CheckpointLayout.SIGNATURE));
        assertThat(curl(path + "/files/" + CheckpointLayout.SIGNATURE, "-D", "-"))
                .containsIgnoringCase("ETag: \"" + Sha256.hex(signature) + "\"")
                .endsWith(new String(signature, StandardCharsets.UTF_8));
        assertThat(curl("/models/" + MODEL + "/versions")).contains(digest);
        assertThat(curl("/models")).contains("\"" + MODEL + "\"");
        assertThat(curl("/models/" + MODEL)).contains("\"newest\" : ");
        assertThat(status(path, "-H", "If-None-Match: \"" + digest + "\"")).isEqualTo("304");
        assertThat(status(path, "-H", "If-None-Match: \"other\"")).isEqualTo("200");
        assertThat(status(path, "-H", "Range: bytes=5-9")).isEqualTo("206");
        assertThat(status(path, "-H", "Range: bytes=5-9", "-H", "If-Range: \"other\""))
                .isEqualTo("200");
        assertThat(curl(path, "-H", "Range: bytes=9999999-", "-D", "-"))
                .contains(" 416 ")
                .containsIgnoringCase("Content-Range: bytes */" + manifest.length);
        assertThat(curl(path, "-I")).containsIgnoringCase("Content-Length: " + manifest.length);
    }

    @Test
    @DisplayName(
            "Nothing outside of a version's folder is served, nothing is written, and a wrong token learns nothing")
    void refusals() throws Exception {
        String files = "/models/" + MODEL + "/versions/1/files/";
        for (String path : List.of(
                "/",
                "/models/unknown",
                "/models/" + MODEL + "/versions/99",
                "/models/" + MODEL + "/versions/1x",
                "/models/" + MODEL + "/versions/1/files/nothing",
                files + "../../../candidates/step-0000000010-s0001/manifest.json",
                files + "..%2F..%2F..%2F..%2F..%2Ftoken",
                files + "%2e%2e",
                "/models/..%2F..")) {
            assertThat(status(path, "--path-as-is")).as(path).isEqualTo("404");
        }
        assertThat(status(files + "%zz")).isEqualTo("400");
        assertThat(status("/models", "-X", "DELETE")).isEqualTo("405");
        assertThat(status("/models", "-X", "POST", "-d", "{}")).isEqualTo("405");
        assertThat(status("/models/" + MODEL + "/events?alias=nobody")).isEqualTo("400");
        for (String token : List.of("Bearer wrong", "Bearer ", "Basic " + TOKEN)) {
            assertThat(run(List.of("-s", "-w", "%{http_code}", "-H", "Authorization: " + token, base + "/models")))
                    .as("the body is empty")
                    .isEqualTo("401");
        }
        assertThat(run(List.of("-s", "-w", "%{http_code}", base + "/models"))).isEqualTo("401");
    }

    private static String curl(String path, String... options) throws IOException, InterruptedException {
        return run(command(List.of(options), path));
    }

    private static String status(String path, String... options) throws IOException, InterruptedException {
        List<String> all = new ArrayList<>(List.of(options));
        all.addAll(List.of("-o", data.resolve("ignored").toString(), "-w", "%{http_code}"));
        return run(command(all, path));
    }

    private static List<String> command(List<String> options, String path) {
        List<String> all = new ArrayList<>(List.of("-s", "-H", "Authorization: Bearer " + TOKEN));
        all.addAll(options);
        all.add(base + path);
        return all;
    }

    private static Process start(List<String> options, String path) throws IOException {
        List<String> all = new ArrayList<>(List.of("curl"));
        all.addAll(command(options, path));
        return new ProcessBuilder(all).start();
    }

    private static String run(List<String> arguments) throws IOException, InterruptedException {
        List<String> all = new ArrayList<>(List.of("curl"));
        all.addAll(arguments);
        Process process = new ProcessBuilder(all).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        return output;
    }

    private static String read(Path file) throws IOException {
        return Files.exists(file) ? Files.readString(file) : "";
    }

    private static boolean hasCurl() {
        try {
            return new ProcessBuilder("curl", "--version").start().waitFor() == 0;
        } catch (IOException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }
}
