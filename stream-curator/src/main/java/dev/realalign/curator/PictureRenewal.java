package dev.realalign.curator;

import dev.realalign.runtime.BlobStore;
import dev.realalign.schemas.RecordPosition;
import dev.realalign.schemas.WaitingImage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Renews the pictures of the images of one partition that wait, round after round and a few at a time, so that no call lasts long
 * however many wait. A round that has come to its end is marked in the blob store with the time at which it began: no
 * picture that this partition waits for is older.
 */
final class PictureRenewal {
    /** In one call: 3 ms on a disk, and well under a second where each of its accesses takes 5 ms. */
    private static final int AT_ONCE = 32;

    private final WaitingStore waiting;
    private final BlobStore pictures;
    private final byte[] mark;
    private final Duration pause;
    private @Nullable Instant began;
    private Instant next = Instant.MIN;
    private Optional<RecordPosition> last = Optional.empty();

    /**
     * A renewal whose first round begins at once.
     *
     * @param mark bytes that mark the ends of rounds
     * @param pause from the beginning of a round to that of the next, if it has ended by then
     */
    PictureRenewal(WaitingStore waiting, BlobStore pictures, byte[] mark, Duration pause) {
        this.waiting = waiting;
        this.pictures = pictures;
        this.mark = mark;
        this.pause = pause;
    }

    /**
     * Renews some more pictures, if it is time to.
     *
     * @throws UncheckedIOException if the blob store fails
     */
    void goOn(Instant now) {
        if (began == null) {
            if (now.isBefore(next)) {
                return;
            }
            began = now;
            next = now.plus(pause);
        }
        try {
            List<WaitingImage> images = waiting.after(last, AT_ONCE);
            for (WaitingImage image : images) {
                pictures.renew(image.getPicture(), now);
                last = Optional.of(image.getRecord());
            }
            if (images.size() < AT_ONCE) {
                pictures.renew(pictures.put(mark), began);
                began = null;
                last = Optional.empty();
            }
        } catch (IOException e) {
            throw new UncheckedIOException("the blob store cannot be written: " + e.getMessage(), e);
        }
    }
}
