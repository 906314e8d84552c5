package dev.realalign.curator.pair;

import dev.realalign.curator.image.RgbImage;

/**
 * How different two pictures of one size look: 1 minus the product of two similarities, 0 for equal pictures and at most
 * 1. It does not say which of them is better.
 *
 * <ul>
 *   <li>MS-SSIM of the luma (Wang, Simoncelli, Bovik, "Multiscale structural similarity for image quality assessment",
 *       2003): structure, with their exponents over as many of the five scales as the picture has. Windows are squares of 8
 *       pixels without weights, as in SSIM's forerunner (Wang, Bovik, "A universal image quality index", 2002); contrast
 *       below zero counts as zero.
 *   <li>the mean chromaticity similarity of Nafchi et al., "Mean deviation similarity index", 2016, because a colour cast
 *       leaves the structure of the luma as it was.
 * </ul>
 *
 * Pictures are first halved until their shorter side has at most 256 pixels, the size at which SSIM is used by its
 * authors. All sums are of integers and powers are strict, so the distance is the same on every machine.
 */
public final class PerceptualDistance {
    private static final int SIDE = 256;
    private static final int WINDOW = 8;
    private static final double[] EXPONENTS = {0.0448, 0.2856, 0.3001, 0.2363, 0.1333};

    /** (0.01 * 255)^2 and (0.03 * 255)^2. */
    private static final double C1 = 6.5025;

    private static final double C2 = 58.5225;
    /** Constant of the chromaticity similarity, 550, in squares of hundredths. */
    private static final double C3 = 550e4;

    private PerceptualDistance() {}

    /**
     * The distance of two pictures.
     *
     * @throws IllegalArgumentException if the sizes differ
     */
    public static double of(RgbImage one, RgbImage other) {
        if (one.width() != other.width() || one.height() != other.height()) {
            throw new IllegalArgumentException("Pictures of " + one.width() + "x" + one.height() + " and "
                    + other.width() + "x" + other.height() + " cannot be compared.");
        }
        RgbImage first = one;
        RgbImage second = other;
        while (Math.min(first.width(), first.height()) > SIDE) {
            first = halved(first);
            second = halved(second);
        }
        return 1 - structure(luma(first), luma(second)) * chromaticity(first, second);
    }

    /** MS-SSIM of two planes. */
    private static double structure(Plane first, Plane second) {
        int scales = 1;
        while (scales < EXPONENTS.length && Math.min(first.width, first.height) >> scales >= WINDOW) {
            scales++;
        }
        double weight = 0;
        for (int scale = 0; scale < scales; scale++) {
            weight += EXPONENTS[scale];
        }
        double similarity = 1;
        Plane a = first;
        Plane b = second;
        for (int scale = 0; scale < scales; scale++) {
            Ssim ssim = Ssim.of(a, b);
            double exponent = EXPONENTS[scale] / weight;
            similarity *= StrictMath.pow(Math.max(0, ssim.contrast), exponent);
            if (scale == scales - 1) {
                similarity *= StrictMath.pow(ssim.luminance, exponent);
            } else {
                a = a.halved();
                b = b.halved();
            }
        }
        return similarity;
    }

    /** Mean over all pixels of the similarity of their chromaticity, by the opponent channels H and M. */
    private static double chromaticity(RgbImage first, RgbImage second) {
        byte[] a = first.rgb();
        byte[] b = second.rgb();
        double sum = 0;
        for (int i = 0; i < a.length; i += RgbImage.CHANNELS) {
            int h1 = opponentH(a, i);
            int m1 = opponentM(a, i);
            int h2 = opponentH(b, i);
            int m2 = opponentM(b, i);
            sum += (2 * (h1 * h2 + m1 * m2) + C3) / (h1 * h1 + h2 * h2 + m1 * m1 + m2 * m2 + C3);
        }
        // opposite hues are not more different than unrelated ones
        return Math.max(0, sum / ((double) first.width() * first.height()));
    }

    /** In hundredths of a level. */
    private static int opponentH(byte[] rgb, int at) {
        return 30 * (rgb[at] & 0xFF) + 4 * (rgb[at + 1] & 0xFF) - 35 * (rgb[at + 2] & 0xFF);
    }

    /** In hundredths of a level. */
    private static int opponentM(byte[] rgb, int at) {
        return 34 * (rgb[at] & 0xFF) - 60 * (rgb[at + 1] & 0xFF) + 17 * (rgb[at + 2] & 0xFF);
    }

    /** Means of 2x2 pixels; a last odd row or column is left out. */
    private static RgbImage halved(RgbImage image) {
        int width = image.width() / 2;
        int height = image.height() / 2;
        byte[] from = image.rgb();
        byte[] rgb = new byte[width * height * RgbImage.CHANNELS];
        int row = image.width() * RgbImage.CHANNELS;
        int to = 0;
        for (int y = 0; y < height; y++) {
            int at = image.index(0, 2 * y);
            for (int x = 0; x < width; x++) {
                for (int c = 0; c < RgbImage.CHANNELS; c++, at++) {
                    rgb[to++] = (byte) (((from[at] & 0xFF)
                                    + (from[at + RgbImage.CHANNELS] & 0xFF)
                                    + (from[at + row] & 0xFF)
                                    + (from[at + row + RgbImage.CHANNELS] & 0xFF)
                                    + 2)
                            >> 2);
                }
                at += RgbImage.CHANNELS;
            }
        }
        return new RgbImage(width, height, rgb);
    }

    private static Plane luma(RgbImage image) {
        int[] levels = new int[image.width() * image.height()];
        for (int i = 0; i < levels.length; i++) {
            levels[i] = image.luma(i * RgbImage.CHANNELS);
        }
        return new Plane(image.width(), image.height(), levels);
    }

    /** One channel, row by row. */
    private static final class Plane {
        private final int width;
        private final int height;
        private final int[] levels;

        Plane(int width, int height, int[] levels) {
            this.width = width;
            this.height = height;
            this.levels = levels;
        }

        /** Means of 2x2 pixels; a last odd row or column is left out. */
        Plane halved() {
            int w = width / 2;
            int h = height / 2;
            int[] half = new int[w * h];
            for (int y = 0; y < h; y++) {
                int at = 2 * y * width;
                for (int x = 0; x < w; x++, at += 2) {
                    half[y * w + x] =
                            (levels[at] + levels[at + 1] + levels[at + width] + levels[at + width + 1] + 2) >> 2;
                }
            }
            return new Plane(w, h, half);
        }
    }

    /** Mean luminance and mean contrast-structure term of SSIM over every window. */
    private record Ssim(double luminance, double contrast) {

        static Ssim of(Plane a, Plane b) {
            int side = Math.min(WINDOW, Math.min(a.width, a.height));
            int columns = a.width - side + 1;
            // sums over the rows of the window, one entry a column of the picture
            int[] sumA = new int[a.width];
            int[] sumB = new int[a.width];
            int[] squares = new int[a.width];
            int[] products = new int[a.width];
            double share = 1.0 / (side * side);
            double luminance = 0;
            double contrast = 0;
            for (int y = 0; y < a.height; y++) {
                for (int x = 0; x < a.width; x++) {
                    int p = a.levels[y * a.width + x];
                    int q = b.levels[y * a.width + x];
                    sumA[x] += p;
                    sumB[x] += q;
                    squares[x] += p * p + q * q;
                    products[x] += p * q;
                    if (y >= side) {
                        p = a.levels[(y - side) * a.width + x];
                        q = b.levels[(y - side) * a.width + x];
                        sumA[x] -= p;
                        sumB[x] -= q;
                        squares[x] -= p * p + q * q;
                        products[x] -= p * q;
                    }
                }
                if (y < side - 1) {
                    continue;
                }
                int inA = 0;
                int inB = 0;
                int inSquares = 0;
                int inProducts = 0;
                for (int x = 0; x < a.width; x++) {
                    inA += sumA[x];
                    inB += sumB[x];
                    inSquares += squares[x];
                    inProducts += products[x];
                    if (x >= side) {
                        inA -= sumA[x - side];
                        inB -= sumB[x - side];
                        inSquares -= squares[x - side];
                        inProducts -= products[x - side];
                    }
                    if (x >= side - 1) {
                        double meanA = inA * share;
                        double meanB = inB * share;
                        double means = meanA * meanA + meanB * meanB;
                        double variances = inSquares * share - means;
                        double covariance = inProducts * share - meanA * meanB;
                        luminance += (2 * meanA * meanB + C1) / (means + C1);
                        contrast += (2 * covariance + C2) / (variances + C2);
                    }
                }
            }
            double windows = (double) columns * (a.height - side + 1);
            return new Ssim(luminance / windows, contrast / windows);
        }
    }
}
