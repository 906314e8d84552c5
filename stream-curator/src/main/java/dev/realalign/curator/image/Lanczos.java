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
        float[] sums = new float[height * rowSamples];
        byte[] row = new byte[source.width() * RgbImage.CHANNELS];
        float[] wide = new float[row.length];
        float[] narrow = new float[rowSamples];
        int firstOpen = 0;
        for (int y = 0; y < source.height(); y++) {
            source.read(y, row);
            for (int i = 0; i < row.length; i++) {
                wide[i] = row[i] & 0xFF;
            }
            across.filterRow(wide, narrow);
            while (firstOpen < height && down.end(firstOpen) <= y) {
                firstOpen++;
            }
            for (int target = firstOpen; target < height && down.start[target] <= y; target++) {
                float weight = down.weights[target][y - down.start[target]];
                int at = target * rowSamples;
                for (int i = 0; i < rowSamples; i++) {
                    sums[at + i] += weight * narrow[i];
                }
            }
        }
        byte[] rgb = new byte[sums.length];
        for (int i = 0; i < sums.length; i++) {
            rgb[i] = (byte) Math.max(0, Math.min(255, (int) (sums[i] + NEARLY_HALF)));
        }
        return new RgbImage(width, height, rgb);
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

        int end(int target) {
            return start[target] + weights[target].length;
        }

        void filterRow(float[] from, float[] to) {
            for (int target = 0; target < start.length; target++) {
                float[] taps = weights[target];
                int at = start[target] * RgbImage.CHANNELS;
                float red = 0;
                float green = 0;
                float blue = 0;
                for (float tap : taps) {
                    red += tap * from[at];
                    green += tap * from[at + 1];
                    blue += tap * from[at + 2];
                    at += RgbImage.CHANNELS;
                }
                int out = target * RgbImage.CHANNELS;
                to[out] = red;
                to[out + 1] = green;
                to[out + 2] = blue;
            }
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
