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
        Box box = new Box(radius);
        for (int pass = 0; pass < PASSES; pass++) {
            box.rows(blurred);
            box.columns(blurred);
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

    /** Running means of 2 * radius + 1 samples along lines; a line's end samples stand for what lies beyond. */
    private static final class Box {
        private static final int FRACTION_BITS = 32;

        private final int radius;
        private final int window;
        /**
         * 2^32 over the window, rounded up: times a number and without the fraction it is the number over the window, for
         * numbers below 2^32 over the window (Granlund, Montgomery, "Division by invariant integers using multiplication",
         * 1994). A sum has at most 256 for each sample of the window, and windows are below 4096.
         */
        private final long inverse;

        Box(int radius) {
            this.radius = radius;
            this.window = 2 * radius + 1;
            this.inverse = (1L << FRACTION_BITS) / window + 1;
        }

        private byte mean(int sum) {
            return (byte) (((sum + radius) * inverse) >>> FRACTION_BITS);
        }

        void rows(RgbImage image) {
            int length = image.width();
            int[] line = new int[(length + window) * RgbImage.CHANNELS];
            for (int y = 0; y < image.height(); y++) {
                int start = image.index(0, y);
                for (int i = 0; i < length + window; i++) {
                    int from = start + RgbImage.CHANNELS * Math.max(0, Math.min(length - 1, i - radius));
                    for (int c = 0; c < RgbImage.CHANNELS; c++) {
                        line[RgbImage.CHANNELS * i + c] = image.rgb()[from + c] & 0xFF;
                    }
                }
                slide(line, image.rgb(), start, length);
            }
        }

        private void slide(int[] line, byte[] to, int start, int length) {
            int red = 0;
            int green = 0;
            int blue = 0;
            int end = window * RgbImage.CHANNELS;
            for (int i = 0; i < end; i += RgbImage.CHANNELS) {
                red += line[i];
                green += line[i + 1];
                blue += line[i + 2];
            }
            for (int i = 0; i < length * RgbImage.CHANNELS; i += RgbImage.CHANNELS) {
                to[start + i] = mean(red);
                to[start + i + 1] = mean(green);
                to[start + i + 2] = mean(blue);
                red += line[end + i] - line[i];
                green += line[end + i + 1] - line[i + 1];
                blue += line[end + i + 2] - line[i + 2];
            }
        }

        /** Row by row, with the sums of all columns side by side. */
        void columns(RgbImage image) {
            int rowSamples = image.width() * RgbImage.CHANNELS;
            byte[] from = image.rgb().clone();
            byte[] to = image.rgb();
            int[] sums = new int[rowSamples];
            for (int y = -radius; y <= radius; y++) {
                int row = row(image, y);
                for (int i = 0; i < rowSamples; i++) {
                    sums[i] += from[row + i] & 0xFF;
                }
            }
            for (int y = 0; y < image.height(); y++) {
                int row = y * rowSamples;
                int next = row(image, y + radius + 1);
                int last = row(image, y - radius);
                for (int i = 0; i < rowSamples; i++) {
                    to[row + i] = mean(sums[i]);
                    sums[i] += (from[next + i] & 0xFF) - (from[last + i] & 0xFF);
                }
            }
        }

        private static int row(RgbImage image, int y) {
            return image.index(0, Math.max(0, Math.min(image.height() - 1, y)));
        }
    }
}
