package dev.realalign.curator.image;

/**
 * Resampling with a Lanczos kernel of three lobes, widened by the scale when shrinking so that it also low-passes
 * (Duchon, "Lanczos filtering in one and two dimensions", 1979; the antialiased form that image-training pipelines
 * use). Works on gamma-encoded samples, as they do.
 */
public final class Lanczos {

    private static final int LOBES = 3;

    /** The float below 0.5: a level plus this, without its fraction, is what Math.round makes of it, in a fraction of the time. */
    private static final float NEARLY_HALF = 0x1.fffffep-2f;

    private Lanczos() {}

    /**
     * Resamples a picture.
     *
     * @param width width of the result, at least 1
     * @param height height of the result, at least 1
     */
    public static RgbImage resize(RgbImage image, int width, int height) {
        return resize(RgbRows.of(image), width, height);
    }

    /**
     * Resamples a picture row by row; only one row of the source and the accumulators of the result are in memory.
     *
     * @param source rows of any size
     * @param width width of the result, at least 1
     * @param height height of the result, at least 1
     */
    static RgbImage resize(RgbRows source, int width, int height) {
        Taps across = Taps.of(source.width(), width);
        Taps down = Taps.of(source.height(), height);
        int rowSamples = width * RgbImage.CHANNELS;
        float[][] sums = new float[height][rowSamples];
        // two rows at a time: the additions for one wait for each other, those for another need not
        Row even = new Row(source.width(), width);
        Row odd = new Row(source.width(), width);
        for (int y = 0; y < source.height(); y += 2) {
            even.read(source, y);
            odd.read(source, Math.min(y + 1, source.height() - 1));
            across.filter(even, odd);
            down.add(even.narrow, y, sums);
            if (y + 1 < source.height()) {
                down.add(odd.narrow, y + 1, sums);
            }
        }
        byte[] rgb = new byte[height * rowSamples];
        for (int y = 0; y < height; y++) {
            round(sums[y], rgb, y * rowSamples);
        }
        return new RgbImage(width, height, rgb);
    }

    private static void round(float[] sums, byte[] rgb, int from) {
        for (int i = 0; i < sums.length; i++) {
            int level = (int) (sums[i] + NEARLY_HALF);
            rgb[from + i] = (byte) ((level & ~0xFF) == 0 ? level : level < 0 ? 0 : 0xFF);
        }
    }

    /** A row of the source, and the same row in the width of the result. */
    private static final class Row {
        private final byte[] samples;
        private final float[] wide;
        private final float[] narrow;

        Row(int sourceWidth, int width) {
            samples = new byte[sourceWidth * RgbImage.CHANNELS];
            wide = new float[samples.length];
            narrow = new float[width * RgbImage.CHANNELS];
        }

        void read(RgbRows source, int y) {
            source.read(y, samples);
            for (int i = 0; i < wide.length; i++) {
                wide[i] = samples[i] & 0xFF;
            }
        }
    }

    /**
     * For each target position the source positions it draws from and their weights, which add up to 1.
     *
     * @param start first source position of each target
     * @param weights weights of the source positions from there on
     */
    @SuppressWarnings("ArrayRecordComponent")
    private record Taps(int[] start, float[][] weights) {

        static Taps of(int sourceSize, int targetSize) {
            double scale = (double) sourceSize / targetSize;
            double widening = Math.max(1, scale);
            double reach = LOBES * widening;
            int[] start = new int[targetSize];
            float[][] weights = new float[targetSize][];
            for (int target = 0; target < targetSize; target++) {
                double centre = (target + 0.5) * scale;
                int from = Math.max(0, (int) Math.ceil(centre - reach - 0.5));
                int to = Math.min(sourceSize, (int) Math.floor(centre + reach - 0.5) + 1);
                double[] raw = new double[to - from];
                double sum = 0;
                for (int i = 0; i < raw.length; i++) {
                    raw[i] = kernel((from + i + 0.5 - centre) / widening);
                    sum += raw[i];
                }
                start[target] = from;
                weights[target] = new float[raw.length];
                for (int i = 0; i < raw.length; i++) {
                    weights[target][i] = (float) (raw[i] / sum);
                }
            }
            return new Taps(start, weights);
        }

        /** Filters both rows across. */
        void filter(Row one, Row other) {
            for (int target = 0; target < start.length; target++) {
                filter(one.wide, other.wide, target, one.narrow, other.narrow);
            }
        }

        private void filter(float[] from, float[] otherFrom, int target, float[] to, float[] otherTo) {
            float[] taps = weights[target];
            int at = start[target] * RgbImage.CHANNELS;
            float red = 0;
            float green = 0;
            float blue = 0;
            float otherRed = 0;
            float otherGreen = 0;
            float otherBlue = 0;
            for (float tap : taps) {
                red += tap * from[at];
                green += tap * from[at + 1];
                blue += tap * from[at + 2];
                otherRed += tap * otherFrom[at];
                otherGreen += tap * otherFrom[at + 1];
                otherBlue += tap * otherFrom[at + 2];
                at += RgbImage.CHANNELS;
            }
            int out = target * RgbImage.CHANNELS;
            to[out] = red;
            to[out + 1] = green;
            to[out + 2] = blue;
            otherTo[out] = otherRed;
            otherTo[out + 1] = otherGreen;
            otherTo[out + 2] = otherBlue;
        }

        /** Adds row {@code y} of the source to the rows of the result that draw from it. */
        void add(float[] row, int y, float[][] sums) {
            for (int target = firstOpen(y); target < start.length && start[target] <= y; target++) {
                add(row, weights[target][y - start[target]], sums[target]);
            }
        }

        private static void add(float[] row, float weight, float[] sums) {
            for (int i = 0; i < sums.length; i++) {
                sums[i] += weight * row[i];
            }
        }

        /** The first target that draws from {@code y} or what comes after it: ends never go back from target to target. */
        private int firstOpen(int y) {
            int first = 0;
            int end = start.length;
            while (first < end) {
                int middle = (first + end) >>> 1;
                if (start[middle] + weights[middle].length <= y) {
                    first = middle + 1;
                } else {
                    end = middle;
                }
            }
            return first;
        }

        /** L(x) = sinc(x) sinc(x/3) for |x| < 3. StrictMath: the same weights on every machine. */
        private static double kernel(double x) {
            if (x == 0) {
                return 1;
            }
            if (Math.abs(x) >= LOBES) {
                return 0;
            }
            double angle = Math.PI * x;
            return LOBES * StrictMath.sin(angle) * StrictMath.sin(angle / LOBES) / (angle * angle);
        }
    }
}
