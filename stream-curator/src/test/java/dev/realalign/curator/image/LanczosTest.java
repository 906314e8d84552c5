package dev.realalign.curator.image;

import static dev.realalign.curator.TestPictures.flat;
import static dev.realalign.curator.TestPictures.scene;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LanczosTest {

    @ParameterizedTest(name = "{0}x{1} to {2}x{3}")
    @CsvSource({"64,48,32,24", "150,112,86,64", "7,5,32,23", "33,33,32,32", "1,1,16,16", "40,3,13,1"})
    void every_size_agrees_with_the_formula_in_two_dimensions(int width, int height, int toWidth, int toHeight) {
        RgbImage source = scene(width, height);

        RgbImage resized = Lanczos.resize(source, toWidth, toHeight);

        RgbImage expected = naive(source, toWidth, toHeight);
        for (int i = 0; i < expected.rgb().length; i++) {
            // single precision against double may differ where a value lies half-way between two levels
            assertThat((resized.rgb()[i] & 0xFF) - (expected.rgb()[i] & 0xFF)).isBetween(-1, 1);
        }
        assertThat(resized.rmsDifference(expected)).isLessThan(0.1);
    }

    @ParameterizedTest
    @CsvSource({"97,31", "8,8", "200,300"})
    void one_colour_stays_one_colour(int width, int height) {
        assertThat(Lanczos.resize(flat(64, 64, 0x4080C3), width, height)).isEqualTo(flat(width, height, 0x4080C3));
    }

    @Test
    void the_same_size_is_the_same_picture() {
        assertThat(Lanczos.resize(scene(50, 40), 50, 40)).isEqualTo(scene(50, 40));
    }

    @Test
    void a_fine_chequerboard_becomes_grey_and_makes_no_moire() {
        RgbImage board = flat(256, 256, 0);
        for (int y = 0; y < 256; y++) {
            for (int x = 0; x < 256; x++) {
                byte level = (byte) ((x + y) % 2 == 0 ? 255 : 0);
                board.rgb()[board.index(x, y)] = level;
                board.rgb()[board.index(x, y) + 1] = level;
                board.rgb()[board.index(x, y) + 2] = level;
            }
        }

        RgbImage small = Lanczos.resize(board, 50, 50);

        for (int i = small.index(5, 5); i < small.index(45, 44); i++) {
            int row = i / 3 / 50;
            int column = i / 3 % 50;
            if (column >= 5 && column < 45 && row < 45) {
                assertThat(small.rgb()[i] & 0xFF).isBetween(125, 131);
            }
        }
    }

    /** The definition: every target pixel is the normalised sum over all source pixels, weighted by L(x) L(y). */
    private static RgbImage naive(RgbImage source, int width, int height) {
        byte[] rgb = new byte[width * height * 3];
        double scaleX = (double) source.width() / width;
        double scaleY = (double) source.height() / height;
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                double[] sum = new double[3];
                double weights = 0;
                for (int v = 0; v < source.height(); v++) {
                    for (int u = 0; u < source.width(); u++) {
                        double weight = lanczos((u + 0.5 - (x + 0.5) * scaleX) / Math.max(1, scaleX))
                                * lanczos((v + 0.5 - (y + 0.5) * scaleY) / Math.max(1, scaleY));
                        weights += weight;
                        for (int c = 0; c < 3; c++) {
                            sum[c] += weight * (source.rgb()[source.index(u, v) + c] & 0xFF);
                        }
                    }
                }
                for (int c = 0; c < 3; c++) {
                    rgb[(y * width + x) * 3 + c] = (byte) Math.max(0, Math.min(255, Math.round(sum[c] / weights)));
                }
            }
        }
        return new RgbImage(width, height, rgb);
    }

    private static double lanczos(double x) {
        if (Math.abs(x) >= 3) {
            return 0;
        }
        return x == 0 ? 1 : 3 * Math.sin(Math.PI * x) * Math.sin(Math.PI * x / 3) / (Math.PI * Math.PI * x * x);
    }
}
