package dev.realalign.curator.image;

import java.util.Arrays;

/**
 * An sRGB picture of 8 bits a channel: R, G, B interleaved, row by row from the upper left.
 *
 * <p>The array is not copied: whoever builds one hands it over.
 *
 * @param width width in pixels, at least 1
 * @param height height in pixels, at least 1
 * @param rgb 3 * width * height samples, each an unsigned byte
 */
public record RgbImage(int width, int height, byte[] rgb) {

    /** Samples of one pixel. */
    public static final int CHANNELS = 3;

    private static final int COMPARED_SAMPLES = 128;

    public RgbImage {
        if (width < 1 || height < 1 || rgb.length != Math.multiplyExact(Math.multiplyExact(width, height), CHANNELS)) {
            throw new IllegalArgumentException(
                    "An RGB picture of " + width + "x" + height + " cannot have " + rgb.length + " samples.");
        }
    }

    /** Index of the red sample of a pixel; green and blue follow it. */
    public int index(int x, int y) {
        return (y * width + x) * CHANNELS;
    }

    /**
     * Luma of a pixel by ITU-R BT.601, rounded to 8 bits.
     *
     * @param at index of its red sample
     */
    public int luma(int at) {
        return (77 * (rgb[at] & 0xFF) + 150 * (rgb[at + 1] & 0xFF) + 29 * (rgb[at + 2] & 0xFF) + 128) >> 8;
    }

    /** A picture of the same size with samples of its own. */
    public RgbImage copy() {
        return new RgbImage(width, height, rgb.clone());
    }

    /**
     * Root mean square of the differences of all samples, in 8-bit levels (0 to 255).
     *
     * @throws IllegalArgumentException if the sizes differ
     */
    public double rmsDifference(RgbImage other) {
        if (width != other.width || height != other.height) {
            throw new IllegalArgumentException("Pictures of " + width + "x" + height + " and " + other.width + "x"
                    + other.height + " cannot be compared.");
        }
        long squares = 0;
        // most of a local negative is its picture: what is equal is passed over a stretch at a time
        for (int from = 0; from < rgb.length; from += COMPARED_SAMPLES) {
            int to = Math.min(rgb.length, from + COMPARED_SAMPLES);
            if (!Arrays.equals(rgb, from, to, other.rgb, from, to)) {
                int some = 0;
                for (int i = from; i < to; i++) {
                    int difference = (rgb[i] & 0xFF) - (other.rgb[i] & 0xFF);
                    some += difference * difference;
                }
                squares += some;
            }
        }
        return Math.sqrt((double) squares / rgb.length);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof RgbImage image
                && width == image.width
                && height == image.height
                && Arrays.equals(rgb, image.rgb);
    }

    @Override
    public int hashCode() {
        return 31 * (31 * width + height) + Arrays.hashCode(rgb);
    }

    @Override
    public String toString() {
        return "RgbImage[" + width + "x" + height + "]";
    }
}
