package dev.realalign.curator.negative;

import dev.realalign.schemas.Sha256;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;

/**
 * The SplitMix64 generator (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014). Written out,
 * because the JDK promises its own generators' sequences for no other version than the running one, and a negative must
 * be the same on every machine.
 */
final class SplitMix64 {

    private static final long GOLDEN_GAMMA = 0x9E3779B97F4A7C15L;
    private static final double ONE_53RD_BIT = 0x1.0p-53;

    /** Sum of four 16-bit uniforms: mean 131070, variance 4 * (2^32 - 1) / 12. */
    private static final double SUM_MEAN = 131070;

    private static final double SUM_DEVIATION = Math.sqrt(4 * (0x1.0p32 - 1) / 12);

    private long state;

    SplitMix64(long seed) {
        this.state = seed;
    }

    /**
     * The seed of an image: the first eight bytes, big-endian, of SHA-256 over "realalign negative", the run's seed as
     * eight big-endian bytes, and the image id in UTF-8.
     */
    static long seedOf(String imageId, long runSeed) {
        MessageDigest sha256 = Sha256.digest();
        sha256.update("realalign negative".getBytes(StandardCharsets.US_ASCII));
        sha256.update(ByteBuffer.allocate(Long.BYTES).putLong(0, runSeed));
        sha256.update(imageId.getBytes(StandardCharsets.UTF_8));
        return ByteBuffer.wrap(sha256.digest()).getLong();
    }

    /** A generator of its own for one purpose under a seed. */
    static SplitMix64 stream(long seed, int purpose) {
        return new SplitMix64(mix(seed + GOLDEN_GAMMA * (purpose + 1)));
    }

    long nextLong() {
        state += GOLDEN_GAMMA;
        return mix(state);
    }

    /** Uniform in [0, 1). */
    double nextDouble() {
        return (nextLong() >>> 11) * ONE_53RD_BIT;
    }

    /** Uniform in [from, to). */
    double between(double from, double to) {
        return from + (to - from) * nextDouble();
    }

    /** Uniform in 0 to bound - 1. */
    int nextInt(int bound) {
        return (int) (nextDouble() * bound);
    }

    /**
     * Nearly normal with mean 0 and deviation 1: the sum of four uniforms (Irwin-Hall), which needs no logarithm and is
     * the same on every machine. Within 3.5 of 0.
     */
    double nextNormal() {
        long bits = nextLong();
        long sum = (bits & 0xFFFF) + (bits >>> 16 & 0xFFFF) + (bits >>> 32 & 0xFFFF) + (bits >>> 48);
        return (sum - SUM_MEAN) / SUM_DEVIATION;
    }

    private static long mix(long value) {
        long z = (value ^ (value >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }
}
