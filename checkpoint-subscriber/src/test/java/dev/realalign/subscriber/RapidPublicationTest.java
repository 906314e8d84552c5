package dev.realalign.subscriber;

import static dev.realalign.subscriber.VersionStore.MODEL;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What another process sees that reads the folder all along. */
@Timeout(120)
class RapidPublicationTest {
    private static final int VERSIONS = 200;
    private static final int KILLS = 4;
    private static final int MANY = 10_000;

    @TempDir
    Path root;

    @Test
    @DisplayName("Under 200 rapid publications a process that reads current never meets a mixed, half or older version")
    void neverMixed() throws Exception {
        Path into = root.resolve("into");
        VersionStore store = new VersionStore(root.resolve("store"));
        FakeFeed feed = new FakeFeed();
        try (CheckpointSubscriber subscriber = CheckpointSubscriber.of(MODEL, into, Map.of())
                .trust(store.trusted())
                .feeds(feed)
                .statuses(new FakeStatuses(), Duration.ofSeconds(20))
                .follow(new Follow.AllVersions())
                .keepPrevious(VERSIONS)
                .start()) {
            feed.announce(store.publish(1));
            subscriber.awaitCurrent(Duration.ofSeconds(20));
            Process reader = reader(into.resolve("current"), trustFile(store));
            try {
                assertThat(reader.getInputStream().read())
                        .as("it has read once")
                        .isEqualTo(FolderReader.READY);
                for (int version = 2; version <= VERSIONS; version++) {
                    feed.announce(store.publish(version));
                }
                assertThat(subscriber.awaitCurrent(Duration.ofSeconds(100)).version())
                        .isEqualTo(VERSIONS);

                assertSeen(reader, VERSIONS, 10);
            } finally {
                reader.destroyForcibly();
            }
        }
    }

    @Test
    @DisplayName(
            "Killed again and again in the middle, the subscriber goes on where it was, and its folder stays whole")
    void killed() throws Exception {
        Path into = root.resolve("into");
        VersionStore store = new VersionStore(root.resolve("store"));
        Path trust = trustFile(store);
        Random random = new Random(7);
        int published = 0;
        store.publish(++published);
        Process subscriber = subscriber(into, trust, 1);
        assertThat(subscriber.waitFor(20, TimeUnit.SECONDS)).isTrue();
        Process reader = reader(into.resolve("current"), trust);
        try {
            assertThat(reader.getInputStream().read()).as("it has read once").isEqualTo(FolderReader.READY);
            for (int kill = 0; kill < KILLS; kill++) {
                subscriber = subscriber(into, trust, MANY);
                long before = newestIn(into);
                while (newestIn(into) == before) { // its start takes most of its life
                    store.publish(++published);
                    assertThat(subscriber.isAlive()).isTrue();
                    Thread.sleep(20);
                }
                Thread.sleep(random.nextInt(40));
                subscriber.destroyForcibly().waitFor();
            }
            store.publish(++published);
            subscriber = subscriber(into, trust, published);
            assertThat(subscriber.waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(subscriber.exitValue()).isZero();

            assertSeen(reader, published, KILLS);
            assertThat(into.resolve("versions").toFile().list()).hasSize(published);
        } finally {
            subscriber.destroyForcibly();
            reader.destroyForcibly();
        }
    }

    private static long newestIn(Path into) throws IOException {
        return Long.parseLong(into.resolve("current").toRealPath().getFileName().toString());
    }

    private Path trustFile(VersionStore store) throws IOException {
        StringBuilder keys = new StringBuilder();
        store.trusted().keys().forEach(key -> keys.append(key.pem()));
        return Files.writeString(root.resolve("trust.pem"), keys);
    }

    /** Lets the reader read once more and end, and asks it what it has seen. */
    private void assertSeen(Process reader, long newest, int fewestVersions) throws Exception {
        reader.getOutputStream().close();
        String[] seen = new String(reader.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
                .trim()
                .split(" ", -1);
        assertThat(reader.waitFor(20, TimeUnit.SECONDS)).isTrue();
        assertThat(reader.exitValue())
                .as(Files.readString(root.resolve("FolderReader.log")))
                .isZero();
        assertThat(Integer.parseInt(seen[0])).as("readings").isGreaterThan(50);
        assertThat(Integer.parseInt(seen[1])).as("versions met").isGreaterThanOrEqualTo(fewestVersions);
        assertThat(Long.parseLong(seen[2])).as("newest").isEqualTo(newest);
    }

    private Process reader(Path current, Path trust) throws IOException {
        return process(FolderReader.class, current.toString(), trust.toString());
    }

    private Process subscriber(Path into, Path trust, long last) throws IOException {
        return process(
                SubscriberProcess.class,
                into.toString(),
                root.resolve("store").toString(),
                trust.toString(),
                Long.toString(last));
    }

    private Process process(Class<?> main, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx128m",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                main.getName()));
        command.addAll(List.of(arguments));
        return new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.appendTo(
                        root.resolve(main.getSimpleName() + ".log").toFile()))
                .start();
    }
}
