package dev.realalign.curator.negative;

import static dev.realalign.curator.TestPictures.scene;
import static org.assertj.core.api.Assertions.assertThat;

import dev.realalign.curator.image.PixelRegion;
import dev.realalign.curator.image.RgbImage;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LocalBlurTest {

    /** Windows of 3 to 385 pixels: a region of 1,600 pixels has one of 2 * 12 % of its side, and one. */
    @ParameterizedTest
    @CsvSource({
        "40, 30, 5, 4, 20, 16, 0.3",
        "64, 64, 0, 0, 64, 64, 1",
        "9, 200, 1, 60, 7, 90, 0.7",
        "1600, 1600, 0, 0, 1600, 1600, 1"
    })
    void every_sample_is_the_rounded_mean_of_a_window_three_times_along_rows_and_columns(
            int width, int height, int left, int top, int regionWidth, int regionHeight, double strength) {
        RgbImage real = width < 1600 ? scene(width, height) : brightNoise(width, height);
        PixelRegion region = new PixelRegion(left, top, regionWidth, regionHeight);

        RgbImage blurred = new LocalBlur().apply(real, region, strength, new SplitMix64(0));

        int radius = Math.max(1, (int) Math.round((0.02 + 0.10 * strength) * Math.min(regionWidth, regionHeight)));
        int aroundLeft = Math.max(0, left - 3 * radius);
        int aroundTop = Math.max(0, top - 3 * radius);
        int aroundWidth = Math.min(width, left + regionWidth + 3 * radius) - aroundLeft;
        int aroundHeight = Math.min(height, top + regionHeight + 3 * radius) - aroundTop;
        for (int c = 0; c < RgbImage.CHANNELS; c++) {
            int[][] samples = new int[aroundHeight][aroundWidth];
            for (int y = 0; y < aroundHeight; y++) {
                for (int x = 0; x < aroundWidth; x++) {
                    samples[y][x] = real.rgb()[real.index(aroundLeft + x, aroundTop + y) + c] & 0xFF;
                }
            }
            for (int pass = 0; pass < 3; pass++) {
                samples = transposed(means(samples, radius));
                samples = transposed(means(samples, radius));
            }
            for (int y = 0; y < regionHeight; y++) {
                for (int x = 0; x < regionWidth; x++) {
                    int expected = samples[top - aroundTop + y][left - aroundLeft + x];
                    if ((blurred.rgb()[blurred.index(x, y) + c] & 0xFF) != expected) {
                        assertThat(blurred.rgb()[blurred.index(x, y) + c] & 0xFF)
                                .as("channel %s of %s,%s", c, x, y)
                                .isEqualTo(expected);
                    }
                }
            }
        }
    }

    /** Means along the rows, by cumulated sums and a division for each. */
    private static int[][] means(int[][] samples, int radius) {
        int length = samples[0].length;
        int window = 2 * radius + 1;
        int[][] means = new int[samples.length][length];
        for (int y = 0; y < samples.length; y++) {
            int[] before = new int[length + window + 1];
            for (int i = 0; i < length + window; i++) {
                before[i + 1] = before[i] + samples[y][Math.max(0, Math.min(length - 1, i - radius))];
            }
            for (int x = 0; x < length; x++) {
                means[y][x] = (before[x + window] - before[x] + radius) / window;
            }
        }
        return means;
    }

    private static int[][] transposed(int[][] samples) {
        int[][] transposed = new int[samples[0].length][samples.length];
        for (int y = 0; y < samples.length; y++) {
            for (int x = 0; x < samples[0].length; x++) {
                transposed[x][y] = samples[y][x];
            }
        }
        return transposed;
    }

    /** The largest sums are those of nearly white pictures. */
    private static RgbImage brightNoise(int width, int height) {
        byte[] samples = new byte[width * height * RgbImage.CHANNELS];
        Random random = new Random(5);
        for (int i = 0; i < samples.length; i++) {
            samples[i] = (byte) (252 + random.nextInt(4));
        }
        return new RgbImage(width, height, samples);
    }
}
