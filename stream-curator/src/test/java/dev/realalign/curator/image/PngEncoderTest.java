package dev.realalign.curator.image;

import static dev.realalign.curator.TestPictures.flat;
import static dev.realalign.curator.TestPictures.scene;
import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class PngEncoderTest {

    static Stream<RgbImage> pictures() {
        byte[] noise = new byte[61 * 47 * 3];
        new Random(7).nextBytes(noise);
        return Stream.of(
                scene(1, 1),
                scene(32, 32),
                scene(512, 512),
                scene(1, 200),
                flat(64, 64, 0),
                new RgbImage(61, 47, noise));
    }

    @ParameterizedTest
    @MethodSource("pictures")
    void another_decoder_finds_the_same_pixels(RgbImage picture) throws IOException {
        BufferedImage read = ImageIO.read(new ByteArrayInputStream(PngEncoder.encode(picture)));

        assertThat(read.getWidth()).isEqualTo(picture.width());
        assertThat(read.getHeight()).isEqualTo(picture.height());
        for (int y = 0; y < picture.height(); y++) {
            for (int x = 0; x < picture.width(); x++) {
                int at = picture.index(x, y);
                assertThat(read.getRGB(x, y) & 0xFFFFFF)
                        .isEqualTo((picture.rgb()[at] & 0xFF) << 16
                                | (picture.rgb()[at + 1] & 0xFF) << 8
                                | (picture.rgb()[at + 2] & 0xFF));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("pictures")
    void the_same_picture_makes_the_same_bytes(RgbImage picture) {
        assertThat(PngEncoder.encode(picture)).isEqualTo(PngEncoder.encode(picture.copy()));
    }

    @Test
    void a_file_holds_the_necessary_chunks_and_no_other() {
        ByteBuffer file = ByteBuffer.wrap(PngEncoder.encode(scene(64, 64)));
        file.position(8);
        List<String> chunks = new ArrayList<>();
        while (file.hasRemaining()) {
            int length = file.getInt();
            byte[] name = new byte[4];
            file.get(name);
            chunks.add(new String(name, StandardCharsets.US_ASCII));
            file.position(file.position() + length + 4);
        }

        assertThat(chunks).containsExactly("IHDR", "IDAT", "IEND");
    }

    @Test
    void a_smooth_picture_becomes_much_smaller() {
        RgbImage picture = scene(256, 256);

        assertThat(PngEncoder.encode(picture).length).isLessThan(picture.rgb().length / 4);
    }
}
