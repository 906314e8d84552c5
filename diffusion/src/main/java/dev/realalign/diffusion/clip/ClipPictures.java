package dev.realalign.diffusion.clip;

import java.awt.image.BufferedImage;

/**
 * Pictures as CLIP sees them: the shorter side resized to the model's with an antialiased bicubic filter (a = -0.5, as
 * Pillow's), 8 bits after each pass, the centre cut out, normalised with the means and deviations of CLIP's training set.
 */
final class ClipPictures {
    private static final double[] MEAN = {0.48145466, 0.4578275, 0.40821073};
    private static final double[] DEVIATION = {0.26862954, 0.26130258, 0.27577711};
    private static final double REACH = 2;

    private ClipPictures() {}

    /** (3, side, side) of a picture. */
    static float[] prepared(BufferedImage picture, int side) {
        int width = picture.getWidth();
        int height = picture.getHeight();
        int[] rgb = picture.getRGB(0, 0, width, height, null, 0, width);
        int shorter = Math.min(width, height);
        int newWidth = Math.max(side, width * side / shorter);
        int newHeight = Math.max(side, height * side / shorter);
        int left = (newWidth - side) / 2;
        int top = (newHeight - side) / 2;
        float[] prepared = new float[3 * side * side];
        for (int channel = 0; channel < 3; channel++) {
            double[] plane = new double[rgb.length];
            for (int i = 0; i < rgb.length; i++) {
                plane[i] = rgb[i] >> (16 - 8 * channel) & 0xFF;
            }
            double[] wide = resized(plane, width, height, newWidth); // (height, newWidth)
            double[] both = transposed(
                    resized(transposed(wide, newWidth, height), height, newWidth, newHeight), newHeight, newWidth);
            for (int y = 0; y < side; y++) {
                for (int x = 0; x < side; x++) {
                    double value = both[(top + y) * newWidth + left + x] / 255;
                    prepared[(channel * side + y) * side + x] = (float) ((value - MEAN[channel]) / DEVIATION[channel]);
                }
            }
        }
        return prepared;
    }

    /** Rows of another width, rounded to 8 bits. */
    private static double[] resized(double[] plane, int width, int height, int newWidth) {
        if (width == newWidth) {
            return plane;
        }
        double scale = (double) width / newWidth;
        double stretch = Math.max(1, scale); // when it shrinks, the filter covers all that a new pixel stands for
        double[] result = new double[newWidth * height];
        for (int x = 0; x < newWidth; x++) {
            double centre = (x + 0.5) * scale;
            int from = Math.max(0, (int) (centre - REACH * stretch + 0.5));
            int to = Math.min(width, (int) (centre + REACH * stretch + 0.5));
            double[] weights = new double[to - from];
            double sum = 0;
            for (int i = from; i < to; i++) {
                weights[i - from] = bicubic((i - centre + 0.5) / stretch);
                sum += weights[i - from];
            }
            for (int y = 0; y < height; y++) {
                double value = 0;
                for (int i = from; i < to; i++) {
                    value += weights[i - from] / sum * plane[y * width + i];
                }
                result[y * newWidth + x] = Math.max(0, Math.min(255, Math.floor(value + 0.5)));
            }
        }
        return result;
    }

    /** Keys' cubic convolution kernel (1981) with a = -0.5. */
    private static double bicubic(double at) {
        double x = Math.abs(at);
        if (x < 1) {
            return (1.5 * x - 2.5) * x * x + 1;
        }
        return x < REACH ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
    }

    private static double[] transposed(double[] plane, int width, int height) {
        double[] result = new double[plane.length];
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                result[x * height + y] = plane[y * width + x];
            }
        }
        return result;
    }
}
