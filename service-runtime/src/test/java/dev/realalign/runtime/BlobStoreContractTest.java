package dev.realalign.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.realalign.schemas.BlobReference;
import dev.realalign.schemas.Sha256;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What every blob store keeps; the last tests look at files and belong to the store of files alone. */
class BlobStoreContractTest {
    private static final byte[] BYTES = "a picture".getBytes(StandardCharsets.UTF_8);

    @TempDir
    Path folder;

    private BlobStore store;

    @BeforeEach
    void open() {
        store = BlobStore.open(folder.resolve("blobs").toUri());
    }

    @Test
    void bytes_come_back_by_their_digest() throws IOException {
        BlobReference reference = store.put(BYTES);

        assertThat(reference).isEqualTo(new BlobReference(Sha256.hex(BYTES), 9L));
        assertThat(store.contains(reference)).isTrue();
        assertThat(store.get(reference)).isEqualTo(BYTES);
        assertThat(store.put(BYTES.clone())).isEqualTo(reference);
        assertThat(BlobStore.open(folder.resolve("blobs").toUri()).get(reference))
                .isEqualTo(BYTES);
    }

    @Test
    void no_bytes_at_all_are_bytes_too() throws IOException {
        assertThat(store.get(store.put(new byte[0]))).isEmpty();
    }

    @Test
    void bytes_that_were_never_put_are_missing() throws IOException {
        BlobReference absent = new BlobReference("0".repeat(64), 9L);

        assertThat(store.contains(absent)).isFalse();
        assertThatThrownBy(() -> store.get(absent))
                .isInstanceOf(FileNotFoundException.class)
                .hasMessageStartingWith("blob " + "0".repeat(64) + " is not in the store: ");
    }

    @Test
    void a_reference_of_another_size_is_refused() throws IOException {
        BlobReference lies = new BlobReference(store.put(BYTES).getSha256(), 8L);

        assertThat(store.contains(lies)).isFalse();
        assertThatThrownBy(() -> store.get(lies))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("has 9 bytes instead of 8");
    }

    @Test
    void a_reference_that_is_no_digest_reaches_no_file() {
        assertThatThrownBy(() -> store.get(new BlobReference("../../secret", 1L)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("a blob's name must be 64 lower-case hexadecimal digits");
    }

    @Test
    void many_writers_of_the_same_bytes_agree() throws Exception {
        ExecutorService writers = Executors.newFixedThreadPool(8);
        try {
            List<Future<BlobReference>> puts = IntStream.range(0, 64)
                    .mapToObj(i -> writers.submit(() -> store.put(BYTES)))
                    .toList();
            for (Future<BlobReference> put : puts) {
                assertThat(store.get(put.get())).isEqualTo(BYTES);
            }
        } finally {
            writers.shutdown();
        }
        try (Stream<Path> files = Files.walk(folder).filter(Files::isRegularFile)) {
            assertThat(files).hasSize(1);
        }
    }

    @Test
    void a_put_renews_the_age_of_known_bytes() throws IOException {
        Path file = file(store.put(BYTES));
        Files.setLastModifiedTime(file, FileTime.fromMillis(1_000_000));
        store.put(BYTES);

        assertThat(Files.getLastModifiedTime(file).toMillis()).isGreaterThan(1_600_000_000_000L);
    }

    @Test
    void what_nobody_renewed_is_swept_and_nothing_else() throws IOException {
        BlobReference forgotten = store.put(BYTES);
        BlobReference renewed = store.put("renewed".getBytes(StandardCharsets.UTF_8));
        BlobReference waiting = store.ofWaiting().put(BYTES);
        Path unfinished = Files.createFile(file(forgotten).resolveSibling("put-1.tmp"));
        for (Path file : List.of(file(forgotten), file(renewed), unfinished)) {
            Files.setLastModifiedTime(file, FileTime.from(Instant.now().minusSeconds(60)));
        }
        Instant now = Instant.ofEpochMilli(System.currentTimeMillis());
        assertThat(store.renew(renewed, now)).isTrue();
        assertThat(store.renewed(renewed)).hasValue(now);

        assertThat(store.sweep(Instant.now().minusSeconds(30))).isEqualTo(2);
        assertThat(store.contains(forgotten)).isFalse();
        assertThat(store.renew(forgotten, now)).isFalse();
        assertThat(store.renewed(forgotten)).isEmpty();
        assertThat(unfinished).doesNotExist();
        assertThat(store.get(renewed)).hasSize(7);
        assertThat(store.ofWaiting().get(waiting)).isEqualTo(BYTES);
        assertThat(store.get(store.put(BYTES))).as("put anew").isEqualTo(BYTES);
    }

    @Test
    void a_store_that_was_never_put_to_has_nothing_to_sweep() throws IOException {
        assertThat(store.ofWaiting().sweep(Instant.now())).isZero();
    }

    @Test
    void bytes_put_while_they_are_swept_are_there_afterwards() throws Exception {
        ExecutorService sweeper = Executors.newSingleThreadExecutor();
        try {
            for (int i = 0; i < 300; i++) {
                Files.setLastModifiedTime(file(store.put(BYTES)), FileTime.fromMillis(1_000_000));
                Future<?> sweep = sweeper.submit(() -> store.sweep(Instant.now().minusSeconds(30)));
                BlobReference reference = store.put(BYTES);
                sweep.get();
                assertThat(store.contains(reference)).isTrue();
            }
        } finally {
            sweeper.shutdownNow();
        }
    }

    @Test
    void damaged_bytes_are_never_handed_out_and_a_put_mends_a_cut_file() throws IOException {
        BlobReference reference = store.put(BYTES);
        Path file = file(reference);

        Files.writeString(file, "a pictura");
        assertThatThrownBy(() -> store.get(reference))
                .hasMessageContaining("is damaged: its bytes have another SHA-256");
        Files.writeString(file, "a pict");
        assertThatThrownBy(() -> store.get(reference)).hasMessageContaining("has 6 bytes instead of 9");
        store.put(BYTES);
        assertThat(store.get(reference)).isEqualTo(BYTES);
    }

    @Test
    void a_uri_of_no_store_is_a_usage_error() {
        assertThatThrownBy(() -> BlobStore.open(URI.create("ftp://host/blobs")))
                .isInstanceOf(UserErrorException.class)
                .hasMessage("blob.store.uri is \"ftp://host/blobs\": must be a file: URI such as"
                        + " file:///srv/realalign/blobs.");
    }

    private Path file(BlobReference reference) {
        return folder.resolve("blobs")
                .resolve(reference.getSha256().substring(0, 2))
                .resolve(reference.getSha256());
    }
}
