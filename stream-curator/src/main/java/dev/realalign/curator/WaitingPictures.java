package dev.realalign.curator;

import dev.realalign.runtime.BlobStore;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sweeps the pictures of images that waited from the blob store, by age. Whoever owns an image that still waits renews its
 * picture several times before that age, so only what nobody waits for grows so old. Every curator sweeps; one that has not been
 * at work for as long as a picture is kept does not, since until then the owner of a picture may have had no chance to renew it.
 */
final class WaitingPictures {
    private static final Logger log = LoggerFactory.getLogger(WaitingPictures.class);
    private static final int RENEWALS = 4;

    private final BlobStore pictures;
    private final Duration keep;
    private final InstantSource clock;
    private volatile @Nullable Instant atWorkSince;

    WaitingPictures(BlobStore blobs, Duration keep, InstantSource clock) {
        this.pictures = blobs.ofWaiting();
        this.keep = keep;
        this.clock = clock;
    }

    /** The time between two renewals of pictures that are kept for so long. */
    static Duration renewal(Duration keep) {
        return keep.dividedBy(RENEWALS);
    }

    /** Tells whether this curator and its whole group are at work, with all partitions given out. */
    void atWork(boolean isAtWork) {
        atWorkSince = isAtWork ? clock.instant() : null;
    }

    /** Removes what is too old, if this curator has been at work for long enough. A blob store that fails is asked again next time. */
    void sweep() {
        Instant since = atWorkSince;
        Instant oldest = clock.instant().minus(keep);
        if (since == null || since.isAfter(oldest)) {
            return;
        }
        try {
            int swept = pictures.sweep(oldest);
            if (swept > 0) {
                log.debug("{} pictures of images that waited were swept from the blob store", swept);
            }
        } catch (IOException e) {
            log.warn("pictures of images that waited cannot be swept from the blob store: {}", e.toString());
        }
    }
}
