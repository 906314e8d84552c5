package dev.realalign.curator.image;

import static dev.realalign.curator.TestPictures.flat;
import static dev.realalign.curator.TestPictures.scene;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class EncodedPictureTest {

    /** Blocks of 32 KiB begin in the rows 0, 42, 85, 127, 170 and 213 of 256. */
    private static final int SIDE = 256;

    static Stream<Arguments> changes() {
        List<Arguments> changes = new ArrayList<>();
        for (int row : new int[] {0, 1, 41, 42, 43, 84, 85, 86, 126, 127, 128, 169, 170, 212, 213, 254, 255}) {
            changes.add(arguments("row " + row, row, row + 1));
        }
        changes.add(arguments("the upper half", 0, 128));
        changes.add(arguments("the lower half", 128, 256));
        changes.add(arguments("the middle", 60, 190));
        changes.add(arguments("everything", 0, 256));
        changes.add(arguments("nothing", 0, 0));
        return changes.stream();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("changes")
    void a_picture_that_is_partly_equal_has_the_file_that_it_has_by_itself(String part, int firstRow, int endRow) {
        for (RgbImage picture : List.of(scene(SIDE, SIDE), noise(SIDE, SIDE, 1), flat(SIDE, SIDE, 0x336699))) {
            RgbImage changed = picture.copy();
            Random random = new Random(firstRow);
            for (int i = changed.index(0, firstRow); i < changed.index(0, endRow); i += 1 + random.nextInt(9)) {
                changed.rgb()[i] += (byte) (1 + random.nextInt(255));
            }

            assertThat(EncodedPicture.of(picture).encode(changed))
                    .as("%s of %s", part, picture)
                    .isEqualTo(PngEncoder.encode(changed));
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("changes")
    void blocks_are_taken_over_at_whatever_bit_they_begin(String part, int firstRow, int endRow) {
        RgbImage picture = scene(SIDE, SIDE);
        RgbImage changed = picture.copy();
        for (int i = changed.index(0, firstRow); i < changed.index(0, endRow); i++) {
            changed.rgb()[i] = 0;
        }

        assertThat(EncodedPicture.of(picture).encode(changed)).as(part).isEqualTo(PngEncoder.encode(changed));
    }

    @Test
    void a_picture_of_any_other_size_is_encoded_by_itself() {
        EncodedPicture picture = EncodedPicture.of(scene(64, 48));

        for (RgbImage other : List.of(scene(48, 64), scene(64, 49), scene(1, 1))) {
            assertThat(picture.encode(other)).isEqualTo(PngEncoder.encode(other));
        }
    }

    @Test
    void small_pictures_of_a_single_block_are_encoded_too() {
        for (int side : new int[] {1, 2, 3, 31}) {
            RgbImage picture = noise(side, side, side);
            RgbImage changed = picture.copy();
            changed.rgb()[changed.rgb().length - 1]++;

            assertThat(EncodedPicture.of(picture).encode(changed)).isEqualTo(PngEncoder.encode(changed));
        }
    }

    @Test
    void of_a_file_that_was_encoded_elsewhere_nothing_is_taken_over() {
        byte[] file = PngEncoder.encode(flat(SIDE, SIDE, 0));
        EncodedPicture picture = EncodedPicture.of(scene(SIDE, SIDE), file);

        assertThat(picture.file()).isSameAs(file);
        assertThat(picture.encode(scene(SIDE, SIDE))).isEqualTo(PngEncoder.encode(scene(SIDE, SIDE)));
    }

    @Test
    void its_own_file_is_that_of_the_encoder() {
        assertThat(EncodedPicture.of(scene(SIDE, SIDE)).file()).isEqualTo(PngEncoder.encode(scene(SIDE, SIDE)));
    }

    private static RgbImage noise(int width, int height, long seed) {
        byte[] samples = new byte[width * height * RgbImage.CHANNELS];
        new Random(seed).nextBytes(samples);
        return new RgbImage(width, height, samples);
    }
}
