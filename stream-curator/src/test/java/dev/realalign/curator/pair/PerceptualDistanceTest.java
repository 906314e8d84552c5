package dev.realalign.curator.pair;

import static dev.realalign.curator.TestPictures.scene;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.realalign.curator.TestPictures;
import dev.realalign.curator.image.RgbImage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PerceptualDistanceTest {

    /** Computed in NumPy from the papers' formulas, window by window in floating point. */
    @ParameterizedTest(name = "{0}x{1} pixels, shifted by {2}")
    @CsvSource({
        "40, 24, 4, 2, 0.00942382130602093",
        "33, 35, 9, 3, 0.07459894884239937",
        "300, 280, 3, 5, 0.05961078133805797",
        "8, 8, 20, 1, 0.20455884205420982",
        "5, 6, 20, 1, 0.3036314771166694",
    })
    void the_distance_is_that_of_an_independent_computation(
            int width, int height, int shift, int factor, double expected) {
        assertThat(PerceptualDistance.of(pattern(width, height, 0, 0), pattern(width, height, shift, factor)))
                .isCloseTo(expected, within(1e-12));
    }

    /** Computed with every pixel and every window, by the version that passed none over. */
    @ParameterizedTest(name = "of {0}x{1} pixels, {4}x{5} from ({2}, {3}) on")
    @CsvSource({
        "300, 280, 100, 30, 40, 60, 0.0993924169746403",
        "300, 280, 0, 0, 300, 1, 0.006630480950325923",
        "301, 281, 300, 280, 1, 1, 0.0",
        "64, 48, 10, 10, 1, 1, 0.0028079635633317945",
        "40, 24, 39, 0, 1, 24, 0.07702384936922901",
        "513, 520, 200, 300, 150, 99, 0.20998370506298425",
    })
    void what_is_equal_is_passed_over_without_a_change_of_one_bit(
            int width, int height, int left, int top, int changedWidth, int changedHeight, double expected) {
        RgbImage one = pattern(width, height, 0, 0);
        RgbImage other = one.copy();
        for (int y = top; y < top + changedHeight; y++) {
            for (int i = one.index(left, y); i < one.index(left + changedWidth, y); i++) {
                other.rgb()[i] = (byte) (255 - (other.rgb()[i] & 0xFF));
            }
        }

        assertThat(PerceptualDistance.of(one, other)).isEqualTo(expected);
    }

    @Test
    void a_picture_has_no_distance_from_itself_and_the_same_one_both_ways() {
        RgbImage one = scene(64, 48);
        RgbImage other = pattern(64, 48, 7, 1);

        assertThat(PerceptualDistance.of(one, one)).isZero();
        assertThat(PerceptualDistance.of(one, other))
                .isEqualTo(PerceptualDistance.of(other, one))
                .isBetween(0.3, 1.0);
    }

    @Test
    void a_negative_of_the_luma_and_an_opposite_hue_are_as_far_as_can_be() {
        RgbImage one = pattern(64, 64, 0, 0);
        byte[] inverted = one.rgb().clone();
        for (int i = 0; i < inverted.length; i++) {
            inverted[i] = (byte) (255 - (inverted[i] & 0xFF));
        }

        assertThat(PerceptualDistance.of(one, new RgbImage(64, 64, inverted))).isEqualTo(1);
        assertThat(PerceptualDistance.of(TestPictures.flat(16, 16, 0xFF0000), TestPictures.flat(16, 16, 0x00C0FF)))
                .isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(
            doubles = {
                0,
                -0.0,
                0.1,
                0.9999999999999999,
                1,
                1.1,
                3.3333333333333335,
                1023.9999999999999,
                12345.678901234567,
                -0.7,
                -3.3,
                -1234.5678
            })
    void ones_are_added_at_once_as_one_by_one(double start) {
        double oneByOne = start;
        for (int count = 0; count < 70_000; count++) {
            assertThat(PerceptualDistance.plusOnes(start, count))
                    .as("%s and %s", start, count)
                    .isEqualTo(oneByOne);
            oneByOne++;
        }
    }

    @Test
    void pictures_of_other_sizes_cannot_be_compared() {
        assertThatThrownBy(() -> PerceptualDistance.of(scene(32, 32), scene(32, 33)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("Pictures of 32x32 and 32x33 cannot be compared.");
    }

    private static RgbImage pattern(int width, int height, int shift, int factor) {
        byte[] rgb = new byte[width * height * RgbImage.CHANNELS];
        int at = 0;
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                rgb[at++] = (byte) (x * 5 + y * 3 + shift);
                rgb[at++] = (byte) (x * x / 7 + y * 2);
                rgb[at++] = (byte) (x * y / 5 + shift * factor);
            }
        }
        return new RgbImage(width, height, rgb);
    }
}
