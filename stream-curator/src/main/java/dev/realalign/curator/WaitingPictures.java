package dev.realalign.curator;

import dev.realalign.runtime.BlobStore;
import dev.realalign.schemas.BlobReference;
import dev.realalign.schemas.Sha256;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sweeps the pictures of images that waited from the blob store, by age. Whoever owns a partition renews the pictures of its
 * images that still wait and marks when it has ({@link PictureRenewal}). What is older than the oldest mark of all partitions, by as
 * long as a picture is kept, nobody waits for. So a partition whose owner is away, is being restored, or cannot reach the
 * brokers stops the sweep instead of losing its pictures.
 */
final class WaitingPictures {
    private static final Logger log = LoggerFactory.getLogger(WaitingPictures.class);
    private static final int RENEWALS = 4;

    private final BlobStore pictures;
    private final List<BlobReference> marks;
    private final Duration keep;

    /**
     * Pictures of one application.
     *
     * @param partitions of the images
     * @param keep how long a picture stays that nobody waits for; clocks of curators may differ by as much
     */
    WaitingPictures(BlobStore blobs, String applicationId, int partitions, Duration keep) {
        this.pictures = blobs.ofWaiting();
        this.marks = IntStream.range(0, partitions)
                .mapToObj(partition -> mark(applicationId, partition))
                .map(mark -> new BlobReference(Sha256.hex(mark), (long) mark.length))
                .toList();
        this.keep = keep;
    }

    /** The time between two renewals of pictures that are kept for so long. */
    static Duration renewal(Duration keep) {
        return keep.dividedBy(RENEWALS);
    }

    /** Bytes whose age in the blob store says when the pictures that a partition waits for were renewed. */
    static byte[] mark(String applicationId, int partition) {
        return ("Pictures that partition " + partition + " of " + applicationId + " waits for were renewed.\n")
                .getBytes(StandardCharsets.UTF_8);
    }

    /** Removes what is too old. A blob store that fails is asked again next time. */
    void sweep() {
        try {
            Optional<Instant> renewed = oldestMark();
            if (renewed.isEmpty()) {
                return;
            }
            int swept = pictures.sweep(renewed.get().minus(keep));
            if (swept > 0) {
                log.debug("{} pictures of images that waited were swept from the blob store", swept);
            }
        } catch (IOException e) {
            log.warn("pictures of images that waited cannot be swept from the blob store: {}", e.toString());
        }
    }

    /** Empty as long as a partition has no mark. */
    private Optional<Instant> oldestMark() throws IOException {
        Instant oldest = Instant.MAX;
        for (BlobReference mark : marks) {
            Optional<Instant> renewed = pictures.renewed(mark);
            if (renewed.isEmpty()) {
                return Optional.empty();
            }
            oldest = renewed.get().isBefore(oldest) ? renewed.get() : oldest;
        }
        return Optional.of(oldest);
    }
}
