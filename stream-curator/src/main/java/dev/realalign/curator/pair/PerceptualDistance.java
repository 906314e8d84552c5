package dev.realalign.curator.pair;

import dev.realalign.curator.image.RgbImage;
import java.util.Arrays;

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
        Area differing = Area.differing(one, other);
        if (differing.isEmpty()) {
            return 0;
        }
        RgbImage first = one;
        RgbImage second = other;
        while (Math.min(first.width(), first.height()) > SIDE) {
            RgbImage half = halved(first);
            differing = differing.halved(half.width(), half.height());
            second = halvedLike(half, second, differing);
            first = half;
        }
        Plane luma = luma(first);
        return 1
                - structure(luma, lumaLike(luma, second, differing), differing)
                        * chromaticity(first, second, differing);
    }

    /** MS-SSIM of two planes. */
    private static double structure(Plane first, Plane second, Area differing) {
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
        Area area = differing;
        for (int scale = 0; scale < scales; scale++) {
            double exponent = EXPONENTS[scale] / weight;
            Ssim ssim = Ssim.of(a, b, area, scale == scales - 1);
            similarity *= StrictMath.pow(Math.max(0, ssim.contrast), exponent);
            if (scale == scales - 1) {
                similarity *= StrictMath.pow(ssim.luminance, exponent);
            } else {
                a = a.halved();
                b = b.halved();
                area = area.halved(a.width, a.height);
            }
        }
        return similarity;
    }

    /** Mean over all pixels of the similarity of their chromaticity, by the opponent channels H and M. */
    private static double chromaticity(RgbImage first, RgbImage second, Area differing) {
        byte[] a = first.rgb();
        byte[] b = second.rgb();
        double sum = 0;
        for (int y = 0; y < first.height(); y++) {
            boolean differs = y >= differing.top && y < differing.bottom;
            int left = differs ? differing.left : first.width();
            int right = differs ? differing.right : first.width();
            sum = plusOnes(sum, left);
            int end = first.index(right, y);
            for (int i = first.index(left, y); i < end; i += RgbImage.CHANNELS) {
                int h1 = opponentH(a, i);
                int m1 = opponentM(a, i);
                int h2 = opponentH(b, i);
                int m2 = opponentM(b, i);
                sum += (2 * (h1 * h2 + m1 * m2) + C3) / (h1 * h1 + h2 * h2 + m1 * m1 + m2 * m2 + C3);
            }
            sum = plusOnes(sum, first.width() - right);
        }
        // opposite hues are not more different than unrelated ones
        return Math.max(0, sum / ((double) first.width() * first.height()));
    }

    /**
     * The similarity of what is equal is 1 to the last bit. The sum is the one of adding one by one, rounded each time: up to
     * the next power of two nothing is rounded, and so much is added at once.
     */
    static double plusOnes(double sum, int count) {
        double more = sum;
        int left = count;
        while (left > 0) {
            double whole = more < 1 ? 1 : Math.scalb(2.0, Math.getExponent(more)) - more;
            int atOnce = Math.max(1, Math.min(left, (int) whole));
            more += atOnce;
            left -= atOnce;
        }
        return more;
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
        RgbImage half = new RgbImage(width, height, new byte[width * height * RgbImage.CHANNELS]);
        halve(image, half, new Area(0, 0, width, height));
        return half;
    }

    /**
     * Another picture halved, where it differs; elsewhere it is a copy of the first one's half.
     *
     * @param half the first picture, halved
     * @param differing where the halves may differ
     */
    private static RgbImage halvedLike(RgbImage half, RgbImage other, Area differing) {
        RgbImage otherHalf = half.copy();
        halve(other, otherHalf, differing);
        return otherHalf;
    }

    private static void halve(RgbImage image, RgbImage half, Area area) {
        byte[] from = image.rgb();
        byte[] rgb = half.rgb();
        int row = image.width() * RgbImage.CHANNELS;
        for (int y = area.top; y < area.bottom; y++) {
            int at = image.index(2 * area.left, 2 * y);
            int to = half.index(area.left, y);
            for (int x = area.left; x < area.right; x++) {
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
    }

    private static Plane luma(RgbImage image) {
        int[] levels = new int[image.width() * image.height()];
        for (int i = 0; i < levels.length; i++) {
            levels[i] = image.luma(i * RgbImage.CHANNELS);
        }
        return new Plane(image.width(), image.height(), levels);
    }

    /** The luma of another picture; outside of where they differ it is a copy of the first one's. */
    private static Plane lumaLike(Plane luma, RgbImage other, Area differing) {
        int[] levels = luma.levels.clone();
        for (int y = differing.top; y < differing.bottom; y++) {
            int end = y * luma.width + differing.right;
            for (int i = y * luma.width + differing.left; i < end; i++) {
                levels[i] = other.luma(i * RgbImage.CHANNELS);
            }
        }
        return new Plane(luma.width, luma.height, levels);
    }

    /**
     * A rectangle outside of which two pictures are equal. A negative is often its picture but for a region, and what is equal
     * need not be compared again.
     *
     * @param right behind its last column
     * @param bottom behind its last row
     */
    private record Area(int left, int top, int right, int bottom) {

        static Area differing(RgbImage one, RgbImage other) {
            int width = one.width();
            int left = width;
            int top = one.height();
            int right = 0;
            int bottom = 0;
            for (int y = 0; y < one.height(); y++) {
                int start = one.index(0, y);
                int end = one.index(width, y);
                int first = Arrays.mismatch(one.rgb(), start, end, other.rgb(), start, end);
                if (first >= 0) {
                    top = Math.min(top, y);
                    bottom = y + 1;
                    left = Math.min(left, first / RgbImage.CHANNELS);
                    // only what lies right of all differences so far is of interest
                    int from = one.index(Math.max(right, first / RgbImage.CHANNELS), y);
                    while (from < end && !Arrays.equals(one.rgb(), from, end, other.rgb(), from, end)) {
                        from += RgbImage.CHANNELS;
                    }
                    right = Math.max(right, (from - start) / RgbImage.CHANNELS);
                }
            }
            return new Area(left, top, right, bottom);
        }

        boolean isEmpty() {
            return left >= right || top >= bottom;
        }

        /** Where the halves may differ; a last odd row or column is left out. */
        Area halved(int halfWidth, int halfHeight) {
            return new Area(
                    left / 2, top / 2, Math.min(halfWidth, (right + 1) / 2), Math.min(halfHeight, (bottom + 1) / 2));
        }
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

        /**
         * Slides the window over two planes. Where both are equal both terms are 1 to the last bit.
         *
         * @param differing where the planes may differ
         * @param withLuminance whether the luminance is asked for; else it is not a number
         */
        static Ssim of(Plane a, Plane b, Area differing, boolean withLuminance) {
            int side = Math.min(WINDOW, Math.min(a.width, a.height));
            int columns = a.width - side + 1;
            int rows = a.height - side + 1;
            // windows that reach into the area
            int firstColumn = Math.max(0, differing.left - side + 1);
            int endColumn = differing.isEmpty() ? firstColumn : Math.min(columns, differing.right);
            int firstRow = Math.max(0, differing.top - side + 1);
            int endRow = differing.isEmpty() ? firstRow : Math.min(rows, differing.bottom);
            Sums sums = new Sums(a, b, firstColumn, endColumn + side - 1);
            double share = 1.0 / (side * side);
            double luminance = 0;
            double contrast = 0;
            for (int y = 0; y < rows; y++) {
                boolean differs = y >= firstRow && y < endRow;
                int from = differs ? firstColumn : columns;
                int end = differs ? endColumn : columns;
                contrast = plusOnes(contrast, from);
                luminance = withLuminance ? plusOnes(luminance, from) : Double.NaN;
                if (differs) {
                    for (int row = y == firstRow ? y : y + side - 1; row < y + side; row++) {
                        sums.add(row);
                    }
                    int inA = 0;
                    int inB = 0;
                    int inSquares = 0;
                    int inProducts = 0;
                    for (int x = 0; x < side - 1; x++) {
                        inA += sums.a[x];
                        inB += sums.b[x];
                        inSquares += sums.squares[x];
                        inProducts += sums.products[x];
                    }
                    for (int x = 0; x < end - from; x++) {
                        int last = x + side - 1;
                        inA += sums.a[last];
                        inB += sums.b[last];
                        inSquares += sums.squares[last];
                        inProducts += sums.products[last];
                        double meanA = inA * share;
                        double meanB = inB * share;
                        double means = meanA * meanA + meanB * meanB;
                        double variances = inSquares * share - means;
                        double covariance = inProducts * share - meanA * meanB;
                        contrast += (2 * covariance + C2) / (variances + C2);
                        if (withLuminance) {
                            luminance += (2 * meanA * meanB + C1) / (means + C1);
                        }
                        inA -= sums.a[x];
                        inB -= sums.b[x];
                        inSquares -= sums.squares[x];
                        inProducts -= sums.products[x];
                    }
                    sums.remove(y);
                }
                contrast = plusOnes(contrast, columns - end);
                luminance = withLuminance ? plusOnes(luminance, columns - end) : Double.NaN;
            }
            double windows = (double) columns * rows;
            return new Ssim(luminance / windows, contrast / windows);
        }

        /** Sums over the rows of a window, one entry a column. */
        private static final class Sums {
            private final Plane first;
            private final Plane second;
            private final int from;
            private final int[] p;
            private final int[] q;
            private final int[] a;
            private final int[] b;
            private final int[] squares;
            private final int[] products;

            /** For columns {@code from} to {@code end - 1} of the planes. */
            Sums(Plane first, Plane second, int from, int end) {
                int columns = Math.max(0, end - from);
                this.first = first;
                this.second = second;
                this.from = from;
                this.p = new int[columns];
                this.q = new int[columns];
                this.a = new int[columns];
                this.b = new int[columns];
                this.squares = new int[columns];
                this.products = new int[columns];
            }

            /** Adds a row. */
            void add(int row) {
                read(row);
                add(p, a);
                add(q, b);
                addSquares(p, q, squares);
                addProducts(p, q, products);
            }

            /** Takes a row out again. */
            void remove(int row) {
                read(row);
                subtract(p, a);
                subtract(q, b);
                subtractSquares(p, q, squares);
                subtractProducts(p, q, products);
            }

            private void read(int row) {
                System.arraycopy(first.levels, row * first.width + from, p, 0, p.length);
                System.arraycopy(second.levels, row * second.width + from, q, 0, q.length);
            }

            private static void add(int[] row, int[] sums) {
                for (int x = 0; x < sums.length; x++) {
                    sums[x] += row[x];
                }
            }

            private static void subtract(int[] row, int[] sums) {
                for (int x = 0; x < sums.length; x++) {
                    sums[x] -= row[x];
                }
            }

            private static void addSquares(int[] p, int[] q, int[] sums) {
                for (int x = 0; x < sums.length; x++) {
                    sums[x] += p[x] * p[x] + q[x] * q[x];
                }
            }

            private static void subtractSquares(int[] p, int[] q, int[] sums) {
                for (int x = 0; x < sums.length; x++) {
                    sums[x] -= p[x] * p[x] + q[x] * q[x];
                }
            }

            private static void addProducts(int[] p, int[] q, int[] sums) {
                for (int x = 0; x < sums.length; x++) {
                    sums[x] += p[x] * q[x];
                }
            }

            private static void subtractProducts(int[] p, int[] q, int[] sums) {
                for (int x = 0; x < sums.length; x++) {
                    sums[x] -= p[x] * q[x];
                }
            }
        }
    }
}
