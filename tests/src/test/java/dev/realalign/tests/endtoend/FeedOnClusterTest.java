package dev.realalign.tests.endtoend;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.realalign.app.embedded.EmbeddedCluster;
import dev.realalign.app.embedded.EmbeddedOptions;
import dev.realalign.runtime.BlobStore;
import dev.realalign.runtime.ClusterConfig;
import dev.realalign.schemas.ImageId;
import dev.realalign.schemas.KeyPartitioner;
import dev.realalign.schemas.RealImage;
import dev.realalign.schemas.TopicReader;
import dev.realalign.schemas.Topics;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.Socket;
import java.net.SocketException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FeedOnClusterTest {
    private static final int HTTP_MEMORY_BYTES = 16 << 20;

    @TempDir
    static Path folder;

    private static EmbeddedCluster cluster;

    @BeforeAll
    static void start() {
        cluster = EmbeddedCluster.start(EmbeddedOptions.in(folder.resolve("data")));
    }

    @AfterAll
    static void stop() {
        cluster.close();
    }

    @Test
    void everyPictureIsOneRecordWhereKafkaPlacesItsIdAndLargeOnesTravelByReference() throws Exception {
        Path photos = folder.resolve("photos");
        List<Path> files = Pictures.tiles(photos, 25);
        Path large = Files.write(photos.resolve("large.png"), new byte[300_000]);
        Files.writeString(photos.resolve("tile-00000.txt"), "the first tile");
        Files.createSymbolicLink(photos.resolve("nowhere.png"), photos.resolve("missing.png"));
        Path config = Files.writeString(
                folder.resolve("cluster.properties"),
                "bootstrap.servers=%s\nschema.registry.url=%s\nblob.store.uri=%s\n"
                        .formatted(
                                cluster.bootstrapServers(),
                                cluster.registryUrl(),
                                folder.resolve("blobs").toUri()));

        Realalign.Ended fed =
                Realalign.run("feed", photos.toString(), "--config", config.toString(), "--caption", "a tile");

        assertThat(fed.exitCode()).as("one link leads nowhere").isEqualTo(1);
        assertThat(fed.out()).contains("Fed 26 pictures").contains("1 could not be read");
        assertThat(fed.err()).contains("could not be read: photos/nowhere.png: there is no such file");
        Map<String, RealImage> records = new HashMap<>();
        for (TopicReader.Entry<RealImage> entry :
                TopicReader.readAll(Topics.REAL_IMAGES, client(), Duration.ofSeconds(20))) {
            if (requireNonNull(entry.value()).getSource().startsWith("photos/")) {
                records.put(entry.key(), entry.value());
            }
            assertThat(entry.partition().partition())
                    .isEqualTo(KeyPartitioner.partition(entry.key(), Topics.DEFAULT_IMAGE_PARTITIONS));
        }
        List<Path> all = new ArrayList<>(files);
        all.add(large);
        assertThat(records).hasSize(26);
        for (Path file : all) {
            byte[] original = Files.readAllBytes(file);
            RealImage record = requireNonNull(records.get(ImageId.of(original).hex()));
            assertThat(record.getSource()).isEqualTo("photos/" + file.getFileName());
            assertThat(record.getCaption()).isEqualTo(file.equals(files.get(0)) ? "the first tile" : "a tile");
            assertThat(content(record)).isEqualTo(original);
            assertThat(record.getContent() == null).isEqualTo(file.equals(large));
        }
    }

    @Test
    void sixtyFourSlowHttpClientsFitIntoASmallHeapAndEachPictureAnswered202IsInTheTopic() throws Exception {
        Process door = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx64m",
                        "-XX:+ExitOnOutOfMemoryError",
                        "-cp",
                        System.getProperty("java.class.path"),
                        "dev.realalign.app.Main",
                        "feed",
                        "--http",
                        "0",
                        "-D",
                        "feed.http.memory.bytes=" + HTTP_MEMORY_BYTES,
                        "-D",
                        "bootstrap.servers=" + cluster.bootstrapServers(),
                        "-D",
                        "schema.registry.url=" + cluster.registryUrl(),
                        "-D",
                        "blob.store.uri=" + folder.resolve("blobs").toUri())
                .redirectError(folder.resolve("door.log").toFile())
                .start();
        try (BufferedReader out = door.inputReader()) {
            URI address = URI.create(requireNonNull(out.readLine()).replace("Taking pictures by POST ", ""));
            ExecutorService clients = Executors.newFixedThreadPool(64);
            Map<String, Future<Integer>> answers = new HashMap<>();
            for (int client = 0; client < 64; client++) {
                byte[] body = new byte[1 << 20];
                body[0] = (byte) client;
                answers.put(ImageId.of(body).hex(), clients.submit(() -> sendSlowly(body, address.getPort())));
            }
            Set<String> accepted = new HashSet<>();
            for (Map.Entry<String, Future<Integer>> answer : answers.entrySet()) {
                int status = answer.getValue().get();
                assertThat(status).isIn(202, 429);
                if (status == 202) {
                    accepted.add(answer.getKey());
                }
            }
            clients.shutdown();

            assertThat(accepted).as("as many as fit at once").hasSizeGreaterThanOrEqualTo(HTTP_MEMORY_BYTES >> 20);
            assertThat(sendSlowly(new byte[1 << 20], address.getPort()))
                    .as("the door is as good as new")
                    .isEqualTo(202);
            // Process.destroy would close the output before it is read
            door.toHandle().destroy();
            assertThat(out.readLine()).startsWith("Fed " + (accepted.size() + 1) + " pictures");
            assertThat(door.waitFor()).isZero();
            assertThat(TopicReader.readAll(Topics.REAL_IMAGES, client(), Duration.ofSeconds(20)))
                    .extracting(TopicReader.Entry::key)
                    .containsAll(accepted);
        } finally {
            door.destroyForcibly();
        }
    }

    /** A body in twenty parts over a second; the status, 429 also where the door hung up before the end. */
    private static int sendSlowly(byte[] body, int port) throws Exception {
        try (Socket socket = new Socket("127.0.0.1", port)) {
            socket.setSoTimeout(60_000);
            OutputStream out = socket.getOutputStream();
            out.write(("POST /images HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: " + body.length
                            + "\r\n\r\n")
                    .getBytes(StandardCharsets.US_ASCII));
            try {
                for (int part = 0; part < 20; part++) {
                    out.write(body, part * body.length / 20, (part + 1) * body.length / 20 - part * body.length / 20);
                    Thread.sleep(50);
                }
                String line = new BufferedReader(
                                new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII))
                        .readLine();
                return line == null ? 429 : Integer.parseInt(line.split(" ")[1]);
            } catch (SocketException hungUp) {
                return 429;
            }
        }
    }

    @Test
    void aClusterWithoutVersionsOrStagesSaysSo() throws IOException {
        String[] reach = {
            "-D",
            "bootstrap.servers=" + cluster.bootstrapServers(),
            "-D",
            "schema.registry.url=" + cluster.registryUrl()
        };
        Realalign.Ended list = Realalign.run(with(reach, "checkpoints", "list"));
        assertThat(list.exitCode()).isZero();
        assertThat(list.out()).isEqualTo("No version has been published." + System.lineSeparator());
        Realalign.Ended json = Realalign.run(with(reach, "checkpoints", "list", "--json"));
        assertThat(new JsonMapper().readTree(json.out())).isEqualTo(new JsonMapper().readTree("{\"versions\": []}"));
        Realalign.Ended show = Realalign.run(with(reach, "checkpoints", "show", "latest"));
        assertThat(show.exitCode()).isEqualTo(1);
        assertThat(show.complaints())
                .containsExactly("realalign: No version has been published: see realalign checkpoints list.");
        Realalign.Ended lag = Realalign.run(with(reach, "lag", "--json"));
        assertThat(new JsonMapper().readTree(lag.out()).get("groups")).isEmpty();
        Realalign.Ended once = Realalign.run(with(
                reach,
                "subscribe",
                "--model",
                "nobody",
                "--into",
                folder.resolve("into").toString(),
                "--allow-unsigned",
                "--once",
                "--timeout",
                "2"));
        assertThat(once.exitCode()).isEqualTo(1);
        assertThat(once.complaints())
                .containsExactly(
                        "realalign: alias latest of nobody was not announced within 2 seconds; is a publisher running"
                                + " for this model?");
    }

    private static byte[] content(RealImage record) throws IOException {
        if (record.getContent() == null) {
            return BlobStore.open(folder.resolve("blobs").toUri()).get(record.getBlob());
        }
        byte[] bytes = new byte[record.getContent().remaining()];
        record.getContent().get(bytes);
        return bytes;
    }

    private static Map<String, Object> client() {
        ClusterConfig config = ClusterConfig.from(cluster.properties());
        Map<String, Object> client = new HashMap<>(config.consumer("test"));
        client.putAll(config.registry());
        return client;
    }

    private static String[] with(String[] reach, String... command) {
        List<String> all = new ArrayList<>(List.of(command));
        all.addAll(List.of(reach));
        return all.toArray(String[]::new);
    }
}
