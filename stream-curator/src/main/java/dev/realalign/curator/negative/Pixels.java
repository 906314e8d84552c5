package dev.realalign.curator.negative;

import dev.realalign.curator.image.PixelRegion;
import dev.realalign.curator.image.RgbImage;

/** What several perturbations do to pixels. */
final class Pixels {

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

    /** The nearest of the 256 levels. */
    static byte level(double value) {
        return (byte) Math.max(0, Math.min(255, Math.round(value)));
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
        for (int c = 0; c < RgbImage.CHANNELS; c++) {
            double upper = between(rgb[image.index(left, top) + c], rgb[image.index(right, top) + c], toRight);
            double lower = between(rgb[image.index(left, bottom) + c], rgb[image.index(right, bottom) + c], toRight);
            into[at + c] = level(upper + (lower - upper) * toBottom);
        }
    }

    private static double between(byte from, byte to, double share) {
        return (from & 0xFF) + ((to & 0xFF) - (from & 0xFF)) * share;
    }
}
