package dev.realalign.subscriber;

import static dev.realalign.subscriber.VersionStore.MODEL;
import static org.assertj.core.api.Assertions.assertThat;

import dev.realalign.schemas.CheckpointLayout;
import dev.realalign.schemas.FileEntry;
import dev.realalign.schemas.VersionManifest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What somebody sees who reads the folder all along. */
@Timeout(120)
class RapidPublicationTest {
    private static final int VERSIONS = 200;

    @TempDir
    Path root;

    @Test
    @DisplayName("Under 200 rapid publications a reader of current never meets a mixed, half or older version")
    void neverMixed() throws Exception {
        Path into = root.resolve("into");
        VersionStore store = new VersionStore(root.resolve("store"));
        FakeFeed feed = new FakeFeed();
        AtomicBoolean done = new AtomicBoolean();
        ExecutorService threads = Executors.newSingleThreadExecutor();
        Reader reader = new Reader(into.resolve("current"), done);
        try (CheckpointSubscriber subscriber = CheckpointSubscriber.of(MODEL, into, Map.of())
                .feeds(feed)
                .follow(new Follow.AllVersions())
                .keepPrevious(VERSIONS)
                .start()) {
            feed.announce(store.publish(1));
            subscriber.awaitCurrent(Duration.ofSeconds(20));
            Future<Integer> readings = threads.submit(reader);
            for (int version = 2; version <= VERSIONS; version++) {
                feed.announce(store.publish(version));
            }
            assertThat(subscriber.awaitCurrent(Duration.ofSeconds(100)).version())
                    .isEqualTo(VERSIONS);
            done.set(true);

            assertThat(readings.get(20, TimeUnit.SECONDS)).isGreaterThan(50);
            assertThat(reader.newest).isGreaterThan(1);
        } finally {
            done.set(true);
            threads.shutdown();
        }
    }

    /** Resolves {@code current} once for each reading, as a loader does, and hashes everything behind it. */
    private static final class Reader implements Callable<Integer> {
        private final Path current;
        private final AtomicBoolean done;
        private long newest;

        Reader(Path current, AtomicBoolean done) {
            this.current = current;
            this.done = done;
        }

        @Override
        public Integer call() throws IOException {
            int readings = 0;
            while (!done.get()) {
                Path folder = current.toRealPath();
                VersionManifest manifest = VersionManifest.parse(
                        Files.readAllBytes(folder.resolve(CheckpointLayout.MANIFEST)), folder.toString());
                assertThat(folder.getFileName()).hasToString("%08d".formatted(manifest.version()));
                assertThat(manifest.version()).isGreaterThanOrEqualTo(newest);
                for (FileEntry file : manifest.files()) {
                    file.verify(folder.resolve(file.name()));
                }
                newest = manifest.version();
                readings++;
            }
            return readings;
        }
    }
}
