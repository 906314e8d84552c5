package dev.realalign.evaluation;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/**
 * Random numbers as a function of (seed, purpose, image id, band): which pictures are measured beside it, and by how many
 * models, changes nothing about a picture's draws.
 *
 * @param seed run seed
 */
record Draws(long seed) {
    /** What a draw is for. */
    enum Purpose {
        NOISE,
        TIMESTEP
    }

    /** The first eight bytes, big-endian, of the SHA-256 of the address. */
    long bits(Purpose purpose, String imageId, int band) {
        try {
            MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
            sha256.update(ByteBuffer.allocate(Long.BYTES).putLong(0, seed));
            sha256.update(("evaluation " + purpose + " " + imageId + " " + band).getBytes(StandardCharsets.UTF_8));
            return ByteBuffer.wrap(sha256.digest()).getLong();
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    /** Uniform in [0, 1). */
    double uniform(Purpose purpose, String imageId, int band) {
        return (bits(purpose, imageId, band) >>> 11) * 0x1p-53;
    }
}
