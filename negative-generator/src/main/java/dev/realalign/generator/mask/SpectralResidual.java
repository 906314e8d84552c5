package dev.realalign.generator.mask;

/**
 * Saliency without a network (Hou and Zhang 2007, "Saliency Detection: A Spectral Residual Approach"): what deviates from
 * the smooth course of a picture's log amplitude spectrum stands out.
 *
 * <p>The picture's luma is averaged down to a square of side 64, or the largest power of two that its shorter side holds.
 * With F its Fourier transform, L = log |F| and h the 3x3 mean, the map is the smoothed |inverse(exp(L - h * L) F / |F|)|^2,
 * enlarged bilinearly. The authors take three times its mean for the threshold; values are divided by six times the mean,
 * so that their threshold lies at 0.5. The transform takes a picture for periodic: where opposite borders differ much they
 * stand out too. Same picture, same map, to the bit, on every machine.
 */
public final class SpectralResidual {
    private static final int LARGEST_SIDE = 64;
    /** Deviation of the smoothing at side 64, in pixels, as in the authors' published program. */
    private static final double SMOOTHING = 2.5;
    /** The authors' threshold, in means. */
    private static final double THRESHOLD = 3;
    /** Amplitudes below this carry no phase. */
    private static final double SILENT = 1e-9;

    private SpectralResidual() {}

    /**
     * The saliency map of a picture.
     *
     * @param rgb pixels row by row, as 0xRRGGBB
     */
    public static SaliencyMap of(int[] rgb, int width, int height) {
        int side = Math.min(LARGEST_SIDE, Integer.highestOneBit(Math.min(width, height)));
        double[] small = smoothed(residual(averaged(luma(rgb), width, height, side), side), side);
        double sum = 0;
        for (double value : small) {
            sum += value;
        }
        double scale = sum > 0 ? small.length / (2 * THRESHOLD * sum) : 0;
        float[] map = new float[width * height];
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                double v = (y + 0.5) * side / height - 0.5;
                double u = (x + 0.5) * side / width - 0.5;
                map[y * width + x] = (float) (scale * bilinear(small, side, u, v));
            }
        }
        return new SaliencyMap(width, height, map);
    }

    /** ITU-R BT.601 luma, 0 to 255. */
    private static double[] luma(int[] rgb) {
        double[] luma = new double[rgb.length];
        for (int i = 0; i < rgb.length; i++) {
            luma[i] = 0.299 * (rgb[i] >> 16 & 0xFF) + 0.587 * (rgb[i] >> 8 & 0xFF) + 0.114 * (rgb[i] & 0xFF);
        }
        return luma;
    }

    /** Means over the (side x side) rectangles of whole pixels that the picture divides into. */
    private static double[] averaged(double[] luma, int width, int height, int side) {
        double[] means = new double[side * side];
        for (int v = 0; v < side; v++) {
            int top = v * height / side;
            int bottom = (v + 1) * height / side;
            for (int u = 0; u < side; u++) {
                int left = u * width / side;
                int right = (u + 1) * width / side;
                double sum = 0;
                for (int y = top; y < bottom; y++) {
                    for (int x = left; x < right; x++) {
                        sum += luma[y * width + x];
                    }
                }
                means[v * side + u] = sum / ((bottom - top) * (right - left));
            }
        }
        return means;
    }

    /** The squared amplitude of the picture that has the spectral residual for its log spectrum, and the phase it had. */
    private static double[] residual(double[] picture, int side) {
        double[] re = picture.clone();
        double[] im = new double[re.length];
        transform(re, im, side, false);
        double[] amplitude = new double[re.length];
        double[] log = new double[re.length];
        for (int i = 0; i < re.length; i++) {
            amplitude[i] = StrictMath.hypot(re[i], im[i]);
            log[i] = StrictMath.log(Math.max(amplitude[i], SILENT));
        }
        for (int y = 0; y < side; y++) {
            for (int x = 0; x < side; x++) {
                int i = y * side + x;
                double factor = amplitude[i] < SILENT
                        ? 0
                        : StrictMath.exp(log[i] - neighbourhoodMean(log, side, x, y)) / amplitude[i];
                re[i] *= factor;
                im[i] *= factor;
            }
        }
        transform(re, im, side, true);
        double[] squared = new double[re.length];
        for (int i = 0; i < re.length; i++) {
            squared[i] = re[i] * re[i] + im[i] * im[i];
        }
        return squared;
    }

    /** Mean over a frequency and its eight neighbours; the spectrum is periodic. */
    private static double neighbourhoodMean(double[] log, int side, int x, int y) {
        double sum = 0;
        for (int dy = side - 1; dy <= side + 1; dy++) {
            for (int dx = side - 1; dx <= side + 1; dx++) {
                sum += log[(y + dy) % side * side + (x + dx) % side];
            }
        }
        return sum / 9;
    }

    /** Gaussian smoothing; the border pixels go on beyond the border. */
    private static double[] smoothed(double[] map, int side) {
        double deviation = SMOOTHING * side / LARGEST_SIDE;
        int reach = (int) Math.ceil(2 * deviation);
        double[] weights = new double[2 * reach + 1];
        double sum = 0;
        for (int i = -reach; i <= reach; i++) {
            weights[i + reach] = StrictMath.exp(-i * i / (2 * deviation * deviation));
            sum += weights[i + reach];
        }
        double[] rows = new double[map.length];
        double[] both = new double[map.length];
        for (int y = 0; y < side; y++) {
            for (int x = 0; x < side; x++) {
                for (int i = -reach; i <= reach; i++) {
                    rows[y * side + x] += weights[i + reach] / sum * map[y * side + inside(x + i, side)];
                }
            }
        }
        for (int y = 0; y < side; y++) {
            for (int x = 0; x < side; x++) {
                for (int i = -reach; i <= reach; i++) {
                    both[y * side + x] += weights[i + reach] / sum * rows[inside(y + i, side) * side + x];
                }
            }
        }
        return both;
    }

    private static double bilinear(double[] map, int side, double u, double v) {
        int left = (int) Math.floor(u);
        int top = (int) Math.floor(v);
        double right = u - left;
        double below = v - top;
        double upper = (1 - right) * at(map, side, left, top) + right * at(map, side, left + 1, top);
        double lower = (1 - right) * at(map, side, left, top + 1) + right * at(map, side, left + 1, top + 1);
        return (1 - below) * upper + below * lower;
    }

    private static double at(double[] map, int side, int x, int y) {
        return map[inside(y, side) * side + inside(x, side)];
    }

    private static int inside(int place, int side) {
        return Math.max(0, Math.min(side - 1, place));
    }

    /** Two-dimensional Fourier transform in place, of a square whose side is a power of two; the inverse divides by its size. */
    private static void transform(double[] re, double[] im, int side, boolean inverse) {
        for (int line = 0; line < side; line++) {
            transformLine(re, im, line * side, 1, side, inverse);
        }
        for (int line = 0; line < side; line++) {
            transformLine(re, im, line, side, side, inverse);
        }
        if (inverse) {
            for (int i = 0; i < re.length; i++) {
                re[i] /= re.length;
                im[i] /= re.length;
            }
        }
    }

    /** Cooley and Tukey's algorithm with radix 2, over every {@code stride}th number from {@code start}. */
    private static void transformLine(double[] re, double[] im, int start, int stride, int length, boolean inverse) {
        for (int i = 1, j = 0; i < length; i++) { // numbers go where their index reads backwards in binary
            int bit = length >> 1;
            for (; (j & bit) != 0; bit >>= 1) {
                j ^= bit;
            }
            j ^= bit;
            if (i < j) {
                swap(re, start + i * stride, start + j * stride);
                swap(im, start + i * stride, start + j * stride);
            }
        }
        for (int size = 2; size <= length; size *= 2) {
            double angle = (inverse ? 2 : -2) * Math.PI / size;
            for (int k = 0; k < size / 2; k++) {
                double cos = StrictMath.cos(angle * k);
                double sin = StrictMath.sin(angle * k);
                for (int block = 0; block < length; block += size) {
                    int a = start + (block + k) * stride;
                    int b = a + size / 2 * stride;
                    double turnedRe = re[b] * cos - im[b] * sin;
                    double turnedIm = re[b] * sin + im[b] * cos;
                    re[b] = re[a] - turnedRe;
                    im[b] = im[a] - turnedIm;
                    re[a] += turnedRe;
                    im[a] += turnedIm;
                }
            }
        }
    }

    private static void swap(double[] values, int a, int b) {
        double kept = values[a];
        values[a] = values[b];
        values[b] = kept;
    }
}
