package dev.realalign.curator.similar;

/**
 * The bands that a hash is cut into, so that near hashes are found without comparing all. Two hashes that differ in at most
 * {@value #GREATEST_DISTANCE} bits are equal in at least one of the {@value #COUNT} bands: each bit that differs spoils one
 * band, and one is left over. So whatever lies within that distance is found, always.
 */
public final class Bands {

    /** Bands of a hash: the first has 10 bits, each other 9. */
    public static final int COUNT = 7;

    /** Greatest distance that the bands find without exception, in bits. */
    public static final int GREATEST_DISTANCE = COUNT - 1;

    private static final int FIRST_BITS = 10;
    private static final int OTHER_BITS = 9;

    private Bands() {}

    /**
     * The bits of a hash that a band holds.
     *
     * @param band number of the band, from 0
     */
    public static int value(long hash, int band) {
        if (band < 0 || band >= COUNT) {
            throw new IllegalArgumentException("There are bands 0 to " + (COUNT - 1) + ", not " + band + ".");
        }
        int bits = band == 0 ? FIRST_BITS : OTHER_BITS;
        return (int) (hash >>> (OTHER_BITS * (COUNT - 1 - band))) & ((1 << bits) - 1);
    }

    /** Name of a band with the value that a hash has there, which decides who owns it. */
    public static String key(long hash, int band) {
        return band + "-" + Integer.toHexString(value(hash, band));
    }
}
