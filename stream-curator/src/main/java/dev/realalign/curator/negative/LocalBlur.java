package dev.realalign.curator.negative;

import dev.realalign.curator.image.PixelRegion;
import dev.realalign.curator.image.RgbImage;

/**
 * Blurs a region by three box filters in a row, which come close to a Gaussian (Wells, "Efficient synthesis of Gaussian
 * filters by cascaded uniform filters", 1986) at a cost that does not grow with the radius. What lies around the region
 * bleeds in, as it does out of focus.
 */
final class LocalBlur implements Perturbation {

    private static final int PASSES = 3;

    @Override
    public RgbImage apply(RgbImage real, PixelRegion region, double strength, SplitMix64 random) {
        double side = Math.min(region.width(), region.height());
        int radius = Math.max(1, (int) Math.round((0.02 + 0.10 * strength) * side));
        PixelRegion around = grow(region, PASSES * radius, real);
        RgbImage blurred = Pixels.cut(real, around);
        for (int pass = 0; pass < PASSES; pass++) {
            blurred = boxRows(blurred, radius);
            blurred = boxColumns(blurred, radius);
        }
        return Pixels.cut(
                blurred,
                new PixelRegion(region.x() - around.x(), region.y() - around.y(), region.width(), region.height()));
    }

    private static PixelRegion grow(PixelRegion region, int by, RgbImage picture) {
        int left = Math.max(0, region.x() - by);
        int top = Math.max(0, region.y() - by);
        int right = Math.min(picture.width(), region.x() + region.width() + by);
        int bottom = Math.min(picture.height(), region.y() + region.height() + by);
        return new PixelRegion(left, top, right - left, bottom - top);
    }

    private static RgbImage boxRows(RgbImage image, int radius) {
        byte[] out = new byte[image.rgb().length];
        for (int y = 0; y < image.height(); y++) {
            for (int c = 0; c < RgbImage.CHANNELS; c++) {
                box(image.rgb(), out, image.index(0, y) + c, RgbImage.CHANNELS, image.width(), radius);
            }
        }
        return new RgbImage(image.width(), image.height(), out);
    }

    private static RgbImage boxColumns(RgbImage image, int radius) {
        byte[] out = new byte[image.rgb().length];
        for (int x = 0; x < image.width(); x++) {
            for (int c = 0; c < RgbImage.CHANNELS; c++) {
                box(image.rgb(), out, image.index(x, 0) + c, image.width() * RgbImage.CHANNELS, image.height(), radius);
            }
        }
        return new RgbImage(image.width(), image.height(), out);
    }

    /** Running mean of 2 * radius + 1 samples along one line; the line's end samples stand for what lies beyond. */
    private static void box(byte[] from, byte[] to, int start, int stride, int length, int radius) {
        int window = 2 * radius + 1;
        int sum = 0;
        for (int i = -radius; i <= radius; i++) {
            sum += sample(from, start, stride, length, i);
        }
        for (int i = 0; i < length; i++) {
            to[start + i * stride] = (byte) ((sum + radius) / window);
            sum += sample(from, start, stride, length, i + radius + 1)
                    - sample(from, start, stride, length, i - radius);
        }
    }

    private static int sample(byte[] from, int start, int stride, int length, int i) {
        return from[start + Math.max(0, Math.min(length - 1, i)) * stride] & 0xFF;
    }
}
