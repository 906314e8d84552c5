package dev.realalign.curator.image;

import static dev.realalign.curator.TestPictures.exif;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class OrientationTest {

    /** The letter F seen upright, and as each orientation stores it: the pictures of the EXIF standard. */
    @ParameterizedTest(name = "orientation {0}")
    @CsvSource({
        "1, '###/#../##./#../#..'",
        "2, '###/..#/.##/..#/..#'",
        "3, '..#/..#/.##/..#/###'",
        "4, '#../#../##./#../###'",
        "5, '#####/#.#../#....'",
        "6, '#..../#.#../#####'",
        "7, '....#/..#.#/#####'",
        "8, '#####/..#.#/....#'",
    })
    void the_letter_f_stands_upright(int value, String stored) {
        Orientation orientation = Orientation.ofExif(exif(value));

        assertThat(orientation.exifValue()).isEqualTo(value);
        assertThat(draw(orientation.apply(picture(stored)))).isEqualTo("###/#../##./#../#..");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 9, 255, -1})
    void a_value_out_of_range_turns_nothing(int value) {
        assertThat(Orientation.ofExif(exif(value))).isEqualTo(Orientation.TOP_LEFT);
    }

    @Test
    void unreadable_exif_data_turns_nothing() {
        assertThat(Orientation.ofExif(new byte[0])).isEqualTo(Orientation.TOP_LEFT);
        assertThat(Orientation.ofExif(new byte[] {'M', 'M', 0, 42, 127, 127, 127, 127}))
                .isEqualTo(Orientation.TOP_LEFT);
        assertThat(Orientation.ofExif(new byte[5000])).isEqualTo(Orientation.TOP_LEFT);
    }

    private static RgbImage picture(String drawing) {
        String[] rows = drawing.split("/", -1);
        byte[] rgb = new byte[rows.length * rows[0].length() * 3];
        int to = 0;
        for (String row : rows) {
            for (char pixel : row.toCharArray()) {
                rgb[to] = (byte) pixel;
                to += 3;
            }
        }
        return new RgbImage(rows[0].length(), rows.length, rgb);
    }

    private static String draw(RgbImage image) {
        StringBuilder drawing = new StringBuilder();
        for (int y = 0; y < image.height(); y++) {
            drawing.append(y == 0 ? "" : "/");
            for (int x = 0; x < image.width(); x++) {
                drawing.append((char) image.rgb()[image.index(x, y)]);
            }
        }
        return drawing.toString();
    }
}
