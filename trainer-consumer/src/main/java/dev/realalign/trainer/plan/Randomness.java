package dev.realalign.trainer.plan;

import dev.realalign.schemas.Sha256;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;

/**
 * Random numbers as a function of their address: (run seed, purpose, step, image id, slot). There is no state to save,
 * nothing depends on the order or the thread of the draws, and whoever knows the address can repeat the draw.
 *
 * <p>A draw is the first eight bytes, big-endian, of the SHA-256 of the address: the run seed, the purpose's name, the
 * step, the image id and the slot, numbers as big-endian bytes, texts in UTF-8 ended by a zero byte.
 *
 * @param runSeed seed of the run
 */
public record Randomness(long runSeed) {

    /** 64 uniform bits. */
    public long bits(Purpose purpose, long step, String imageId, int slot) {
        MessageDigest sha256 = Sha256.digest();
        sha256.update(ByteBuffer.allocate(Long.BYTES).putLong(runSeed).flip());
        update(sha256, purpose.name());
        sha256.update(ByteBuffer.allocate(Long.BYTES).putLong(step).flip());
        update(sha256, imageId);
        sha256.update(ByteBuffer.allocate(Integer.BYTES).putInt(slot).flip());
        return ByteBuffer.wrap(sha256.digest()).getLong();
    }

    /** Uniform in [0, 1), from the upper 53 bits. */
    public double uniform(Purpose purpose, long step, String imageId, int slot) {
        return (bits(purpose, step, imageId, slot) >>> 11) * 0x1p-53;
    }

    /** Uniform in {0, ..., bound - 1}. */
    public int below(int bound, Purpose purpose, long step, String imageId, int slot) {
        return (int) (uniform(purpose, step, imageId, slot) * bound);
    }

    /** Standard normal, by Box and Muller's transform of slots {@code slot} and {@code slot + 1}. */
    public double normal(Purpose purpose, long step, String imageId, int slot) {
        double radius = Math.sqrt(-2 * StrictMath.log1p(-uniform(purpose, step, imageId, slot)));
        return radius * StrictMath.cos(2 * Math.PI * uniform(purpose, step, imageId, slot + 1));
    }

    private static void update(MessageDigest sha256, String text) {
        sha256.update(text.getBytes(StandardCharsets.UTF_8));
        sha256.update((byte) 0);
    }
}
