package dev.realalign.trainer.triple;

import dev.realalign.schemas.PreferenceTriple;
import dev.realalign.schemas.Sha256;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Instant;

/**
 * A triple ready for training.
 *
 * @param triple the record it came from
 * @param digest see {@link #digest(PreferenceTriple)}
 * @param preferred the real image
 * @param rejected its worse counterpart, of the same size
 */
public record TrainingPair(PreferenceTriple triple, String digest, Pixels preferred, Pixels rejected) {

    /**
     * Decodes and checks a triple.
     *
     * @param key key of its record
     * @param resolution width and height the model trains at, in pixels
     * @throws UnusableTripleException saying why it cannot be trained
     */
    public static TrainingPair of(String key, PreferenceTriple triple, int resolution) throws UnusableTripleException {
        if (!triple.getImageId().equals(key)) {
            throw new UnusableTripleException(
                    SkipReason.ID_MISMATCH, "the record's key is " + key + ", its image id " + triple.getImageId());
        }
        if (!Sha256.isHex(key)) {
            throw new UnusableTripleException(
                    SkipReason.ID_MISMATCH, "the image id " + key + " is no SHA-256 in lower-case hex");
        }
        Pixels preferred = Pixels.decodePng(triple.getReal(), resolution, resolution, "preferred");
        Pixels rejected = Pixels.decodePng(triple.getNegative(), resolution, resolution, "rejected");
        return new TrainingPair(triple, digest(triple), preferred, rejected);
    }

    /**
     * SHA-256 of everything of a triple that training depends on: image id, caption, preferred and rejected image, each
     * preceded by its length. Times and positions do not enter.
     */
    public static String digest(PreferenceTriple triple) {
        MessageDigest sha256 = Sha256.digest();
        update(sha256, ByteBuffer.wrap(triple.getImageId().getBytes(StandardCharsets.UTF_8)));
        update(sha256, ByteBuffer.wrap(triple.getCaption().getBytes(StandardCharsets.UTF_8)));
        update(sha256, triple.getReal().duplicate());
        update(sha256, triple.getNegative().duplicate());
        return Sha256.hex(sha256);
    }

    private static void update(MessageDigest sha256, ByteBuffer bytes) {
        sha256.update(
                ByteBuffer.allocate(Integer.BYTES).putInt(bytes.remaining()).flip());
        sha256.update(bytes);
    }

    /** Lower-case hex SHA-256 of the original image's bytes. */
    public String imageId() {
        return triple.getImageId();
    }

    /** Caption of both images; empty for none. */
    public String caption() {
        return triple.getCaption();
    }

    /** How the rejected image was made. */
    public String kind() {
        return triple.getKind();
    }

    /** When the picture was taken or published; when it was ingested where that is unknown. */
    public Instant eventTime() {
        return triple.getEventTime() == null ? triple.getIngestTime() : triple.getEventTime();
    }
}
