package dev.realalign.curator.similar;

import static dev.realalign.curator.TestPictures.buffered;
import static dev.realalign.curator.TestPictures.clouds;
import static dev.realalign.curator.TestPictures.smallPhotographs;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.realalign.curator.image.DamagedImageException;
import dev.realalign.curator.image.ImageContainer;
import dev.realalign.curator.image.ImageType;
import dev.realalign.curator.image.Lanczos;
import dev.realalign.curator.image.RgbImage;
import dev.realalign.curator.image.TrainingPicture;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.ImageOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class PerceptualHashTest {
    private static final int NEAR = Bands.GREATEST_DISTANCE;
    private static final int SIDE = 32;
    private static final String CLOUDS_1 = "27eed0a98b263c78";

    @Test
    void the_hash_of_a_picture_of_our_own_arithmetic_is_the_same_on_every_machine() {
        assertThat(Long.toHexString(PerceptualHash.of(clouds(1, 64, 64)))).isEqualTo(CLOUDS_1);
    }

    static Stream<Arguments> changes() {
        return Stream.of(
                arguments("JPEG of quality 50", 0.97, change(image -> jpeg(image, 0.5f))),
                arguments("three quarters of the size", 0.99, change(image -> Lanczos.resize(image, 24, 24))),
                arguments(
                        "half of the size, as JPEG", 0.95, change(image -> jpeg(Lanczos.resize(image, 16, 16), 0.9f))),
                arguments("enlarged by half", 0.99, change(image -> Lanczos.resize(image, 48, 48))),
                arguments("10 % brighter", 0.97, change(image -> brighter(image, 1.1))),
                arguments("10 % darker", 0.97, change(image -> brighter(image, 0.9))),
                arguments(
                        "a hundredth cut off all round",
                        0.97,
                        change(image -> cut(Lanczos.resize(image, 200, 200), 2))));
    }

    /** Gives a lambda its type. */
    private static UnaryOperator<RgbImage> change(UnaryOperator<RgbImage> change) {
        return change;
    }

    @ParameterizedTest(name = "{0}: at least {1} of photographs stay near")
    @MethodSource("changes")
    void a_photograph_that_is_changed_a_little_stays_near(String name, double share, UnaryOperator<RgbImage> change) {
        List<RgbImage> photographs = photographs(200);
        long near = photographs.stream()
                .filter(photograph -> PerceptualHash.distance(
                                PerceptualHash.of(photograph),
                                PerceptualHash.of(Lanczos.resize(change.apply(photograph), SIDE, SIDE)))
                        <= NEAR)
                .count();

        assertThat((double) near / photographs.size()).isGreaterThanOrEqualTo(share);
    }

    @Test
    void different_photographs_are_far_from_each_other() {
        List<Long> hashes = photographs(2000).stream().map(PerceptualHash::of).toList();
        int near = 0;
        for (int i = 0; i < hashes.size(); i++) {
            for (int j = 0; j < i; j++) {
                near += PerceptualHash.distance(hashes.get(i), hashes.get(j)) <= NEAR ? 1 : 0;
            }
        }

        // of two million pairs; some of them are real near duplicates
        assertThat(near).isLessThanOrEqualTo(6);
    }

    private static List<RgbImage> photographs(int count) {
        List<RgbImage> photographs = new ArrayList<>();
        for (byte[] file : smallPhotographs(count).values()) {
            photographs.add(decoded(file));
        }
        return photographs;
    }

    private static RgbImage decoded(byte[] file) {
        try {
            ImageType type = ImageType.detect(file).orElseThrow();
            ImageContainer container = ImageContainer.read(file, type);
            return new TrainingPicture(container.height(), 0).of(container);
        } catch (DamagedImageException e) {
            throw new IllegalStateException(e);
        }
    }

    private static RgbImage brighter(RgbImage image, double factor) {
        RgbImage brighter = image.copy();
        for (int i = 0; i < brighter.rgb().length; i++) {
            brighter.rgb()[i] = (byte) Math.min(255, Math.round((brighter.rgb()[i] & 0xFF) * factor));
        }
        return brighter;
    }

    private static RgbImage cut(RgbImage image, int pixels) {
        int side = image.width() - 2 * pixels;
        byte[] rgb = new byte[side * side * RgbImage.CHANNELS];
        for (int y = 0; y < side; y++) {
            System.arraycopy(image.rgb(), image.index(pixels, y + pixels), rgb, y * side * RgbImage.CHANNELS, side * 3);
        }
        return new RgbImage(side, side, rgb);
    }

    private static RgbImage jpeg(RgbImage image, float quality) {
        ImageWriter writer = ImageIO.getImageWritersByFormatName("jpeg").next();
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        try (ImageOutputStream output = ImageIO.createImageOutputStream(file)) {
            ImageWriteParam settings = writer.getDefaultWriteParam();
            settings.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
            settings.setCompressionQuality(quality);
            writer.setOutput(output);
            writer.write(null, new IIOImage(buffered(image, BufferedImage.TYPE_INT_RGB), null, null), settings);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            writer.dispose();
        }
        return decoded(file.toByteArray());
    }
}
