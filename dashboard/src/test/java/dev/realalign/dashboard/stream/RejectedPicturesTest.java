package dev.realalign.dashboard.stream;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;

class RejectedPicturesTest {
    private static byte[] png(int width, int height) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ImageIO.write(new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB), "png", out);
        return out.toByteArray();
    }

    @Test
    void aLargePictureBecomesAThumbnailOfTheSameShape() throws IOException {
        BufferedImage small = ImageIO.read(
                new ByteArrayInputStream(RejectedPictures.small(png(1_600, 800)).orElseThrow()));
        assertThat(small.getWidth()).isEqualTo(RejectedPictures.SIDE);
        assertThat(small.getHeight()).isEqualTo(RejectedPictures.SIDE / 2);
    }

    @Test
    void aSmallPictureKeepsItsSize() throws IOException {
        BufferedImage small = ImageIO.read(
                new ByteArrayInputStream(RejectedPictures.small(png(20, 10)).orElseThrow()));
        assertThat(small.getWidth()).isEqualTo(20);
    }

    @Test
    void whatIsNoPictureGivesNone() throws IOException {
        assertThat(RejectedPictures.small("<svg onload=alert(1)>".getBytes(StandardCharsets.UTF_8)))
                .isEmpty();
        assertThat(RejectedPictures.small(new byte[0])).isEmpty();
        byte[] whole = png(100, 100);
        assertThat(RejectedPictures.small(Arrays.copyOf(whole, 40))).isEmpty();
    }

    /** A header that promises 50,000 by 50,000 pixels is refused before a pixel is decoded. */
    @Test
    void aPixelBombGivesNone() throws IOException {
        byte[] bomb = png(4, 4);
        java.nio.ByteBuffer header = java.nio.ByteBuffer.wrap(bomb);
        header.putInt(16, 50_000);
        header.putInt(20, 50_000);
        assertThat(RejectedPictures.small(bomb)).isEmpty();
    }
}
