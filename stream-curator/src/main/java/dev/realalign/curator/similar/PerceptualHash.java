package dev.realalign.curator.similar;

import dev.realalign.curator.image.RgbImage;
import java.util.Arrays;

/**
 * The perceptual hash of a picture: 64 bits that hardly change when it is encoded, scaled, cut or lit a little
 * differently. The luma is averaged into 32x32 cells; of their cosine transform (DCT-II) the 8x8 lowest frequencies
 * without the constant row and column are compared with their median (Zauner, "Implementation and benchmarking of
 * perceptual image hash functions", 2010, section 3.2.1).
 */
public final class PerceptualHash {

    /** Bits of a hash. */
    public static final int BITS = Long.SIZE;

    private static final int CELLS = 32;
    private static final int FREQUENCIES = 8;
    /** {@code COSINES[f][x]} for frequency f + 1 and cell x. StrictMath: the same bits on every machine. */
    private static final double[][] COSINES = cosines();

    private PerceptualHash() {}

    /** The hash of a picture. Bit 63 is the lowest frequency both ways, bit 0 the highest. */
    public static long of(RgbImage image) {
        double[] spectrum = lowFrequencies(cellMeans(image));
        double[] sorted = spectrum.clone();
        Arrays.sort(sorted);
        double median = (sorted[BITS / 2 - 1] + sorted[BITS / 2]) / 2;
        long hash = 0;
        for (double coefficient : spectrum) {
            hash = hash << 1 | (coefficient > median ? 1 : 0);
        }
        return hash;
    }

    /** Bits in which two hashes differ, 0 to 64. */
    public static int distance(long one, long other) {
        return Long.bitCount(one ^ other);
    }

    /** Mean luma (ITU-R BT.601) of 32x32 cells, row by row; a picture smaller than that repeats its pixels. */
    private static double[] cellMeans(RgbImage image) {
        byte[] rgb = image.rgb();
        double[] means = new double[CELLS * CELLS];
        for (int cellY = 0; cellY < CELLS; cellY++) {
            int top = cellY * image.height() / CELLS;
            int bottom = Math.max(top + 1, (cellY + 1) * image.height() / CELLS);
            for (int cellX = 0; cellX < CELLS; cellX++) {
                int left = cellX * image.width() / CELLS;
                int right = Math.max(left + 1, (cellX + 1) * image.width() / CELLS);
                long red = 0;
                long green = 0;
                long blue = 0;
                for (int y = top; y < bottom; y++) {
                    int end = image.index(right, y);
                    for (int at = image.index(left, y); at < end; at += RgbImage.CHANNELS) {
                        red += rgb[at] & 0xFF;
                        green += rgb[at + 1] & 0xFF;
                        blue += rgb[at + 2] & 0xFF;
                    }
                }
                long sum = 77 * red + 150 * green + 29 * blue;
                means[cellY * CELLS + cellX] = (double) sum / ((long) (bottom - top) * (right - left) * 256);
            }
        }
        return means;
    }

    private static double[] lowFrequencies(double[] cells) {
        double[] rows = new double[CELLS * FREQUENCIES];
        for (int y = 0; y < CELLS; y++) {
            for (int f = 0; f < FREQUENCIES; f++) {
                double sum = 0;
                for (int x = 0; x < CELLS; x++) {
                    sum += cells[y * CELLS + x] * COSINES[f][x];
                }
                rows[y * FREQUENCIES + f] = sum;
            }
        }
        double[] spectrum = new double[FREQUENCIES * FREQUENCIES];
        for (int down = 0; down < FREQUENCIES; down++) {
            for (int across = 0; across < FREQUENCIES; across++) {
                double sum = 0;
                for (int y = 0; y < CELLS; y++) {
                    sum += rows[y * FREQUENCIES + across] * COSINES[down][y];
                }
                spectrum[down * FREQUENCIES + across] = sum;
            }
        }
        return spectrum;
    }

    private static double[][] cosines() {
        double[][] cosines = new double[FREQUENCIES][CELLS];
        for (int f = 0; f < FREQUENCIES; f++) {
            for (int x = 0; x < CELLS; x++) {
                cosines[f][x] = StrictMath.cos(Math.PI * (2 * x + 1) * (f + 1) / (2 * CELLS));
            }
        }
        return cosines;
    }
}
