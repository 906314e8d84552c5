package dev.realalign.curator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.realalign.runtime.BlobStore;
import dev.realalign.schemas.BlobReference;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WaitingPicturesTest {
    private static final Duration KEEP = Duration.ofMinutes(10);
    private static final Instant START = Instant.parse("2026-11-24T10:00:00Z");
    private static final String APPLICATION = "curators";

    @TempDir
    private Path folder;

    private BlobStore blobs;
    private BlobReference original;
    private BlobReference waited;

    @BeforeEach
    void put() throws IOException {
        blobs = BlobStore.open(folder.toUri());
        original = blobs.put(new byte[] {1});
        waited = blobs.ofWaiting().put(new byte[] {2});
        blobs.renew(original, START);
        blobs.ofWaiting().renew(waited, START);
    }

    /** Whether the picture is gone after a sweep. */
    private boolean isSwept() throws IOException {
        new WaitingPictures(blobs, APPLICATION, 2, KEEP).sweep();
        return !blobs.ofWaiting().contains(waited);
    }

    /** The owner of a partition has renewed the pictures that it waits for. */
    private void mark(String application, int partition, Instant time) throws IOException {
        BlobStore store = blobs.ofWaiting();
        store.renew(store.put(WaitingPictures.mark(application, partition)), time);
    }

    @Test
    void a_picture_that_nobody_renewed_for_its_time_is_swept_and_originals_stay() throws IOException {
        mark(APPLICATION, 0, START.plus(KEEP));
        mark(APPLICATION, 1, START.plus(KEEP));
        assertThat(isSwept()).isFalse();

        mark(APPLICATION, 0, START.plus(KEEP).plusMillis(1));
        mark(APPLICATION, 1, START.plus(KEEP).plusMillis(1));
        assertThat(isSwept()).isTrue();
        assertThat(blobs.contains(original)).isTrue();
    }

    @Test
    void nothing_is_swept_past_the_partition_that_renewed_its_pictures_longest_ago() throws IOException {
        mark(APPLICATION, 0, START.plus(Duration.ofDays(3)));
        assertThat(isSwept()).as("partition 1 was never renewed").isFalse();

        mark(APPLICATION, 1, START.plusSeconds(60)); // its owner went away, or is being restored
        assertThat(isSwept()).isFalse();

        mark("another", 1, START.plus(Duration.ofDays(3)));
        assertThat(isSwept()).as("another application renewed its own").isFalse();

        mark(APPLICATION, 1, START.plus(Duration.ofDays(3)));
        assertThat(isSwept()).isTrue();
    }

    @Test
    void marks_stay_when_everything_else_goes() throws IOException {
        mark(APPLICATION, 0, START.plus(Duration.ofDays(3)));
        mark(APPLICATION, 1, START.plus(Duration.ofDays(9)));
        assertThat(isSwept()).isTrue();
        mark(APPLICATION, 0, START.plus(Duration.ofDays(9)));
        blobs.ofWaiting().renew(blobs.ofWaiting().put(new byte[] {2}), START.plus(Duration.ofDays(4)));
        assertThat(isSwept()).isTrue();
    }
}
