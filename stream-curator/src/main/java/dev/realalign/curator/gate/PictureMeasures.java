package dev.realalign.curator.gate;

import dev.realalign.curator.image.RgbImage;
import java.util.Arrays;
import java.util.Optional;

/**
 * What one walk over the pixels of a training picture says about it. All sums are of integers, so the measures are the
 * same on every machine.
 *
 * @param lumaDeviation standard deviation of the luma (ITU-R BT.601), in 8-bit levels
 * @param blackShare share of pixels with a luma of at most {@value #BLACK}
 * @param whiteShare share of pixels with a luma of at least {@value #WHITE}
 * @param sharpness variance of the Laplacian of the luma (Pech-Pacheco et al., "Diatom autofocusing in brightfield
 *     microscopy", 2000), in squared levels; 0 for pictures without an inner pixel
 * @param colourfulness M3 of Hasler and Suesstrunk, "Measuring colourfulness in natural images", 2003, in 8-bit levels
 */
public record PictureMeasures(
        double lumaDeviation, double blackShare, double whiteShare, double sharpness, double colourfulness) {

    static final int BLACK = 5;
    static final int WHITE = 250;

    /** M3's weight of the mean against the deviation. */
    private static final double MEAN_WEIGHT = 0.3;

    /** Measures that were written down before; empty unless all of them were. */
    static Optional<PictureMeasures> of(Recorded recorded) {
        return recorded.has(
                        Measure.LUMA_DEVIATION,
                        Measure.BLACK_SHARE,
                        Measure.WHITE_SHARE,
                        Measure.SHARPNESS,
                        Measure.COLOURFULNESS)
                ? Optional.of(new PictureMeasures(
                        recorded.measure(Measure.LUMA_DEVIATION),
                        recorded.measure(Measure.BLACK_SHARE),
                        recorded.measure(Measure.WHITE_SHARE),
                        recorded.measure(Measure.SHARPNESS),
                        recorded.measure(Measure.COLOURFULNESS)))
                : Optional.empty();
    }

    void noteIn(Findings findings) {
        findings.measured(Measure.LUMA_DEVIATION, lumaDeviation);
        findings.measured(Measure.BLACK_SHARE, blackShare);
        findings.measured(Measure.WHITE_SHARE, whiteShare);
        findings.measured(Measure.SHARPNESS, sharpness);
        findings.measured(Measure.COLOURFULNESS, colourfulness);
    }

    /** Measures a picture. */
    public static PictureMeasures of(RgbImage image) {
        int width = image.width();
        int inner = Math.max(0, width - 2);
        int[] red = new int[width];
        int[] green = new int[width];
        int[] blue = new int[width];
        int[] values = new int[width];
        int[] above = new int[width];
        int[] middle = new int[width];
        int[] below = new int[width];
        int[] nextToMiddle = new int[inner];
        int[] innerValues = new int[inner];
        int[] black = new int[width];
        int[] notWhite = new int[width];
        Sums luma = new Sums(width);
        Sums redGreen = new Sums(width);
        Sums yellowBlue = new Sums(width);
        Sums laplacian = new Sums(inner);
        for (int y = 0; y < image.height(); y++) {
            int[] oldest = above;
            above = middle;
            middle = below;
            below = oldest;
            int from = image.index(0, y);
            channel(image.rgb(), from, red);
            channel(image.rgb(), from + 1, green);
            channel(image.rgb(), from + 2, blue);
            luma(red, green, blue, below);
            luma.add(below);
            countBelow(BLACK + 1, below, black);
            countBelow(WHITE, below, notWhite);
            redGreen(red, green, values);
            redGreen.add(values);
            yellowBlue(red, green, blue, values);
            yellowBlue.add(values);
            if (y >= 2 && inner > 0) {
                upAndDown(above, middle, below, values);
                System.arraycopy(values, 1, innerValues, 0, inner);
                add(middle, innerValues);
                System.arraycopy(middle, 2, nextToMiddle, 0, inner);
                add(nextToMiddle, innerValues);
                laplacian.add(innerValues);
            }
        }
        double pixels = (double) width * image.height();
        // yellow-blue was summed up doubled, to stay among the integers
        double deviation = Math.sqrt(redGreen.variance() + yellowBlue.variance() / 4);
        double mean = Math.hypot(redGreen.mean(), yellowBlue.mean() / 2);
        return new PictureMeasures(
                Math.sqrt(luma.variance()),
                Arrays.stream(black).asLongStream().sum() / pixels,
                (pixels - Arrays.stream(notWhite).asLongStream().sum()) / pixels,
                laplacian.variance(),
                deviation + MEAN_WEIGHT * mean);
    }

    // One short loop for each step, all arrays at the same index: such loops run on vectors.

    private static void channel(byte[] rgb, int from, int[] channel) {
        int at = from;
        for (int x = 0; x < channel.length; x++) {
            channel[x] = rgb[at] & 0xFF;
            at += RgbImage.CHANNELS;
        }
    }

    /** As {@link RgbImage#luma}. */
    private static void luma(int[] red, int[] green, int[] blue, int[] luma) {
        for (int x = 0; x < luma.length; x++) {
            luma[x] = (77 * red[x] + 150 * green[x] + 29 * blue[x] + 128) >> 8;
        }
    }

    private static void redGreen(int[] red, int[] green, int[] values) {
        for (int x = 0; x < values.length; x++) {
            values[x] = red[x] - green[x];
        }
    }

    private static void yellowBlue(int[] red, int[] green, int[] blue, int[] values) {
        for (int x = 0; x < values.length; x++) {
            values[x] = red[x] + green[x] - 2 * blue[x];
        }
    }

    /** The Laplacian without the pixels to the left and to the right. */
    private static void upAndDown(int[] above, int[] middle, int[] below, int[] values) {
        for (int x = 0; x < values.length; x++) {
            values[x] = above[x] + below[x] - 4 * middle[x];
        }
    }

    private static void countBelow(int limit, int[] values, int[] counts) {
        for (int x = 0; x < counts.length; x++) {
            counts[x] += (values[x] - limit) >>> 31;
        }
    }

    private static void add(int[] values, int[] sums) {
        for (int x = 0; x < sums.length; x++) {
            sums[x] += values[x];
        }
    }

    private static void addSquares(int[] values, int[] sums) {
        for (int x = 0; x < sums.length; x++) {
            sums[x] += values[x] * values[x];
        }
    }

    /** Count, sum and sum of squares of the values of a picture's rows. */
    private static final class Sums {
        /** So many squares of at most 1020 fit into an int. */
        private static final int ROWS_IN_COLUMNS = 1024;

        private final int[] columnSums;
        private final int[] columnSquares;
        private int rowsInColumns;
        private long count;
        private long sum;
        private long squares;

        Sums(int width) {
            columnSums = new int[width];
            columnSquares = new int[width];
        }

        void add(int[] row) {
            if (rowsInColumns == ROWS_IN_COLUMNS) {
                addUp();
            }
            rowsInColumns++;
            count += row.length;
            PictureMeasures.add(row, columnSums);
            addSquares(row, columnSquares);
        }

        private void addUp() {
            sum += Arrays.stream(columnSums).asLongStream().sum();
            squares += Arrays.stream(columnSquares).asLongStream().sum();
            Arrays.fill(columnSums, 0);
            Arrays.fill(columnSquares, 0);
            rowsInColumns = 0;
        }

        double mean() {
            addUp();
            return count == 0 ? 0 : (double) sum / count;
        }

        /** Of the whole population. */
        double variance() {
            addUp();
            return count == 0 ? 0 : Math.max(0, (double) squares / count - mean() * mean());
        }
    }
}
