package dev.realalign.curator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.realalign.runtime.BlobStore;
import dev.realalign.schemas.BlobReference;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WaitingPicturesTest {
    private static final Duration KEEP = Duration.ofMinutes(10);
    private static final Instant START = Instant.parse("2026-11-24T10:00:00Z");

    @TempDir
    private Path folder;

    private Instant now = START;
    private BlobStore blobs;
    private WaitingPictures pictures;
    private BlobReference original;
    private BlobReference waited;

    @BeforeEach
    void put() throws IOException {
        blobs = BlobStore.open(folder.toUri());
        pictures = new WaitingPictures(blobs, KEEP, () -> now);
        original = blobs.put(new byte[] {1});
        waited = blobs.ofWaiting().put(new byte[] {2});
        for (Path file : files()) {
            Files.setLastModifiedTime(file, FileTime.from(START));
        }
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> files = Files.walk(folder).filter(Files::isRegularFile)) {
            return files.toList();
        }
    }

    private boolean isSweptAfter(Duration time) throws IOException {
        now = START.plus(time);
        pictures.sweep();
        return !blobs.ofWaiting().contains(waited);
    }

    @Test
    void a_picture_that_nobody_renewed_for_its_time_is_swept_and_originals_stay() throws IOException {
        pictures.atWork(true);
        assertThat(isSweptAfter(KEEP)).isFalse();
        assertThat(isSweptAfter(KEEP.plusMillis(1))).isTrue();
        assertThat(blobs.contains(original)).isTrue();
    }

    @Test
    void a_renewed_picture_stays() throws IOException {
        pictures.atWork(true);
        Files.setLastModifiedTime(
                files().stream()
                        .filter(file -> file.endsWith(waited.getSha256()))
                        .findFirst()
                        .orElseThrow(),
                FileTime.from(START.plusSeconds(60)));
        assertThat(isSweptAfter(KEEP.plusSeconds(60))).isFalse();
        assertThat(isSweptAfter(KEEP.plusSeconds(61))).isTrue();
    }

    @Test
    void a_curator_sweeps_when_it_has_been_at_work_for_as_long_as_a_picture_is_kept() throws IOException {
        Duration old = Duration.ofDays(3);
        assertThat(isSweptAfter(old)).as("not at work").isFalse();
        pictures.atWork(true);
        assertThat(isSweptAfter(old.plus(KEEP).minusSeconds(1))).isFalse();
        pictures.atWork(false); // partitions are given out anew
        assertThat(isSweptAfter(old.plus(KEEP))).isFalse();
        pictures.atWork(true);
        assertThat(isSweptAfter(old.plus(KEEP).plus(KEEP))).isTrue();
    }
}
