package dev.realalign.curator.negative;

import dev.realalign.curator.image.PixelRegion;
import dev.realalign.curator.image.RgbImage;
import java.util.Arrays;

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
        Box box = new Box(radius, real, around);
        for (int pass = 0; pass < PASSES; pass++) {
            box.rows();
            box.columns();
        }
        return box.cut(
                new PixelRegion(region.x() - around.x(), region.y() - around.y(), region.width(), region.height()));
    }

    private static PixelRegion grow(PixelRegion region, int by, RgbImage picture) {
        int left = Math.max(0, region.x() - by);
        int top = Math.max(0, region.y() - by);
        int right = Math.min(picture.width(), region.x() + region.width() + by);
        int bottom = Math.min(picture.height(), region.y() + region.height() + by);
        return new PixelRegion(left, top, right - left, bottom - top);
    }

    /**
     * Running means of 2 * radius + 1 samples along the lines of a part of a picture; a line's end samples stand for what lies
     * beyond. Whole numbers throughout, one short loop for each step, all arrays at the same index: such loops run on vectors.
     */
    private static final class Box {
        private static final int FRACTION_BITS = 23;

        private final int radius;
        private final int window;
        /**
         * 2^23 over the window, rounded up: times a number and without the fraction it is the number over the window or one
         * more, and one more is seen by what is left over (after Granlund, Montgomery, "Division by invariant integers using
         * multiplication", 1994). A sum has less than 256 for each sample of the window, and windows are below 4096, so that
         * the product stays below 2^31 and the error below 1.
         */
        private final int inverse;

        private final int width;
        private final int height;
        private final int rowSamples;
        private final int[] sums;
        private final int[] line;
        private final int[] row;
        private int[] samples;
        private int[] others;

        Box(int radius, RgbImage picture, PixelRegion part) {
            this.radius = radius;
            this.window = 2 * radius + 1;
            this.inverse = (1 << FRACTION_BITS) / window + 1;
            this.width = part.width();
            this.height = part.height();
            this.rowSamples = width * RgbImage.CHANNELS;
            this.sums = new int[rowSamples];
            this.line = new int[(width + window) * RgbImage.CHANNELS];
            this.row = new int[rowSamples];
            this.samples = new int[height * rowSamples];
            this.others = new int[height * rowSamples];
            byte[] rgb = picture.rgb();
            for (int y = 0; y < height; y++) {
                int from = picture.index(part.x(), part.y() + y);
                int to = y * rowSamples;
                for (int i = 0; i < rowSamples; i++) {
                    samples[to + i] = rgb[from + i] & 0xFF;
                }
            }
        }

        /** The samples of a part of the part. */
        RgbImage cut(PixelRegion region) {
            int samplesWide = region.width() * RgbImage.CHANNELS;
            byte[] rgb = new byte[region.height() * samplesWide];
            for (int y = 0; y < region.height(); y++) {
                int from = (region.y() + y) * rowSamples + region.x() * RgbImage.CHANNELS;
                int to = y * samplesWide;
                for (int i = 0; i < samplesWide; i++) {
                    rgb[to + i] = (byte) samples[from + i];
                }
            }
            return new RgbImage(region.width(), region.height(), rgb);
        }

        void rows() {
            int before = radius * RgbImage.CHANNELS;
            int last = rowSamples - RgbImage.CHANNELS;
            for (int y = 0; y < height; y++) {
                int start = y * rowSamples;
                for (int i = 0; i < before; i++) {
                    line[i] = samples[start + i % RgbImage.CHANNELS];
                }
                System.arraycopy(samples, start, line, before, rowSamples);
                for (int i = before + rowSamples; i < line.length; i++) {
                    line[i] = samples[start + last + i % RgbImage.CHANNELS];
                }
                slide();
                means(sums, row);
                System.arraycopy(row, 0, samples, start, rowSamples);
            }
        }

        /** Sums of the windows of a line. */
        private void slide() {
            int red = 0;
            int green = 0;
            int blue = 0;
            int end = window * RgbImage.CHANNELS;
            for (int i = 0; i < end; i += RgbImage.CHANNELS) {
                red += line[i];
                green += line[i + 1];
                blue += line[i + 2];
            }
            int[] from = line;
            int[] to = sums;
            for (int i = 0; i < to.length; i += RgbImage.CHANNELS) {
                to[i] = red;
                to[i + 1] = green;
                to[i + 2] = blue;
                red += from[end + i] - from[i];
                green += from[end + i + 1] - from[i + 1];
                blue += from[end + i + 2] - from[i + 2];
            }
        }

        private void means(int[] sums, int[] means) {
            int half = radius;
            int count = window;
            int factor = inverse;
            for (int i = 0; i < sums.length; i++) {
                int sum = sums[i] + half;
                int mean = (sum * factor) >>> FRACTION_BITS;
                means[i] = mean + ((sum - mean * count) >> 31);
            }
        }

        /** Row by row, with the sums of all columns side by side. */
        void columns() {
            Arrays.fill(sums, 0);
            for (int y = -radius; y <= radius; y++) {
                System.arraycopy(samples, start(y), row, 0, rowSamples);
                add(row, sums);
            }
            for (int y = 0; y < height; y++) {
                means(sums, row);
                System.arraycopy(row, 0, others, y * rowSamples, rowSamples);
                System.arraycopy(samples, start(y + radius + 1), row, 0, rowSamples);
                add(row, sums);
                System.arraycopy(samples, start(y - radius), row, 0, rowSamples);
                subtract(row, sums);
            }
            int[] done = others;
            others = samples;
            samples = done;
        }

        private static void add(int[] row, int[] sums) {
            for (int i = 0; i < sums.length; i++) {
                sums[i] += row[i];
            }
        }

        private static void subtract(int[] row, int[] sums) {
            for (int i = 0; i < sums.length; i++) {
                sums[i] -= row[i];
            }
        }

        private int start(int y) {
            return Math.max(0, Math.min(height - 1, y)) * rowSamples;
        }
    }
}
