package dev.realalign.subscriber;

import static dev.realalign.subscriber.VersionStore.MODEL;
import static org.assertj.core.api.Assertions.assertThat;

import dev.realalign.schemas.signing.VerificationKey;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What another process sees that reads the folder all along. */
@Timeout(120)
class RapidPublicationTest {
    private static final int VERSIONS = 200;

    @TempDir
    Path root;

    @Test
    @DisplayName("Under 200 rapid publications a process that reads current never meets a mixed, half or older version")
    void neverMixed() throws Exception {
        Path into = root.resolve("into");
        VersionStore store = new VersionStore(root.resolve("store"));
        FakeFeed feed = new FakeFeed();
        Path trust = root.resolve("trust.pem");
        for (VerificationKey key : store.trusted().keys()) {
            Files.writeString(trust, key.pem());
        }
        try (CheckpointSubscriber subscriber = CheckpointSubscriber.of(MODEL, into, Map.of())
                .trust(trust)
                .feeds(feed)
                .statuses(new FakeStatuses(), Duration.ofSeconds(20))
                .follow(new Follow.AllVersions())
                .keepPrevious(VERSIONS)
                .start()) {
            feed.announce(store.publish(1));
            subscriber.awaitCurrent(Duration.ofSeconds(20));
            Process reader = reader(into.resolve("current"), trust);
            try {
                assertThat(reader.getInputStream().read())
                        .as("it has read once")
                        .isEqualTo(FolderReader.READY);
                for (int version = 2; version <= VERSIONS; version++) {
                    feed.announce(store.publish(version));
                }
                assertThat(subscriber.awaitCurrent(Duration.ofSeconds(100)).version())
                        .isEqualTo(VERSIONS);

                reader.getOutputStream().close(); // it reads once more, and ends
                String[] seen = new String(reader.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
                        .trim()
                        .split(" ", -1);
                assertThat(reader.waitFor(20, TimeUnit.SECONDS)).isTrue();
                assertThat(reader.exitValue())
                        .as(Files.readString(root.resolve("reader.log")))
                        .isZero();
                assertThat(Integer.parseInt(seen[0])).as("readings").isGreaterThan(50);
                assertThat(Integer.parseInt(seen[1])).as("versions met").isGreaterThan(10);
                assertThat(Integer.parseInt(seen[2])).as("newest").isEqualTo(VERSIONS);
            } finally {
                reader.destroyForcibly();
            }
        }
    }

    private Process reader(Path current, Path trust) throws IOException {
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx128m",
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        FolderReader.class.getName(),
                        current.toString(),
                        trust.toString())
                .redirectError(root.resolve("reader.log").toFile())
                .start();
    }
}
