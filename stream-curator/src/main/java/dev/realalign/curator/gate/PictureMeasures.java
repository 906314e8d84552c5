package dev.realalign.curator.gate;

import dev.realalign.curator.image.RgbImage;
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
        int height = image.height();
        byte[] rgb = image.rgb();
        int[] above = new int[width];
        int[] middle = new int[width];
        int[] below = new int[width];
        Sums luma = new Sums();
        Sums redGreen = new Sums();
        Sums yellowBlue = new Sums();
        Sums laplacian = new Sums();
        long black = 0;
        long white = 0;
        int at = 0;
        for (int y = 0; y < height; y++) {
            int[] oldest = above;
            above = middle;
            middle = below;
            below = oldest;
            for (int x = 0; x < width; x++) {
                int grey = image.luma(at);
                int red = rgb[at++] & 0xFF;
                int green = rgb[at++] & 0xFF;
                int blue = rgb[at++] & 0xFF;
                below[x] = grey;
                luma.add(grey);
                black += grey <= BLACK ? 1 : 0;
                white += grey >= WHITE ? 1 : 0;
                redGreen.add(red - green);
                yellowBlue.add(red + green - 2 * blue);
            }
            if (y >= 2) {
                for (int x = 1; x < width - 1; x++) {
                    laplacian.add(above[x] + below[x] + middle[x - 1] + middle[x + 1] - 4 * middle[x]);
                }
            }
        }
        double pixels = (double) width * height;
        // yellow-blue was summed up doubled, to stay among the integers
        double deviation = Math.sqrt(redGreen.variance() + yellowBlue.variance() / 4);
        double mean = Math.hypot(redGreen.mean(), yellowBlue.mean() / 2);
        return new PictureMeasures(
                Math.sqrt(luma.variance()),
                black / pixels,
                white / pixels,
                laplacian.variance(),
                deviation + MEAN_WEIGHT * mean);
    }

    /** Count, sum and sum of squares. */
    private static final class Sums {
        private long count;
        private long sum;
        private long squares;

        void add(int value) {
            count++;
            sum += value;
            squares += (long) value * value;
        }

        double mean() {
            return count == 0 ? 0 : (double) sum / count;
        }

        /** Of the whole population. */
        double variance() {
            return count == 0 ? 0 : Math.max(0, (double) squares / count - mean() * mean());
        }
    }
}
