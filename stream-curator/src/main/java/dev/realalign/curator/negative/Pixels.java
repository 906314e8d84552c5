package dev.realalign.curator.negative;

import dev.realalign.curator.image.PixelRegion;
import dev.realalign.curator.image.RgbImage;

/** What several perturbations do to pixels. */
final class Pixels {

    /** The double below 0.5: with 0.5 itself the sum for that double would be rounded up to 1. */
    private static final double NEARLY_HALF = 0x1.fffffffffffffp-2;

    private Pixels() {}

    /** A copy of a region. */
    static RgbImage cut(RgbImage from, PixelRegion region) {
        int rowSamples = region.width() * RgbImage.CHANNELS;
        byte[] part = new byte[region.height() * rowSamples];
        for (int y = 0; y < region.height(); y++) {
            System.arraycopy(from.rgb(), from.index(region.x(), region.y() + y), part, y * rowSamples, rowSamples);
        }
        return new RgbImage(region.width(), region.height(), part);
    }

    /** The nearest of the 256 levels, halves upwards as Math.round has them, without its branches. */
    static byte level(double value) {
        return (byte) Math.max(0, Math.min(255, (int) (value + NEARLY_HALF)));
    }

    /**
     * Interpolates between the four pixels around a point (pixel centres at whole numbers); the rim stands for what
     * lies beyond.
     */
    static void bilinear(RgbImage image, double x, double y, byte[] into, int at) {
        double insideX = Math.max(0, Math.min(image.width() - 1.0, x));
        double insideY = Math.max(0, Math.min(image.height() - 1.0, y));
        int left = (int) insideX;
        int top = (int) insideY;
        int right = Math.min(image.width() - 1, left + 1);
        int bottom = Math.min(image.height() - 1, top + 1);
        double toRight = insideX - left;
        double toBottom = insideY - top;
        byte[] rgb = image.rgb();
        int upperLeft = image.index(left, top);
        int upperRight = image.index(right, top);
        int lowerLeft = image.index(left, bottom);
        int lowerRight = image.index(right, bottom);
        for (int c = 0; c < RgbImage.CHANNELS; c++) {
            double upper = between(rgb[upperLeft + c], rgb[upperRight + c], toRight);
            double lower = between(rgb[lowerLeft + c], rgb[lowerRight + c], toRight);
            into[at + c] = level(upper + (lower - upper) * toBottom);
        }
    }

    private static double between(byte from, byte to, double share) {
        return (from & 0xFF) + ((to & 0xFF) - (from & 0xFF)) * share;
    }
}
