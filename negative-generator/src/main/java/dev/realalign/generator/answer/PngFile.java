package dev.realalign.generator.answer;

import dev.realalign.generator.mask.Mask;
import java.awt.image.BufferedImage;
import java.awt.image.DataBufferByte;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.ImageOutputStream;
import javax.imageio.stream.MemoryCacheImageInputStream;
import javax.imageio.stream.MemoryCacheImageOutputStream;

/** Pictures and masks as PNG and back, in memory alone. */
final class PngFile {
    private PngFile() {}

    /**
     * Reads a picture whose size must be known: no pixel of another is decoded.
     *
     * @throws RefusedException when it is no PNG, broken, or of another size
     */
    static BufferedImage read(byte[] png, int side) throws RefusedException {
        try (ImageInputStream in = new MemoryCacheImageInputStream(new ByteArrayInputStream(png))) {
            ImageReader reader = ImageIO.getImageReadersByFormatName("png").next(); // part of every Java runtime
            try {
                reader.setInput(in, true, true);
                if (reader.getWidth(0) != side || reader.getHeight(0) != side) {
                    throw new RefusedException(
                            RefusalReason.WRONG_RESOLUTION,
                            "the picture has " + reader.getWidth(0) + "x" + reader.getHeight(0) + " pixels, not the "
                                    + side + "x" + side + " of the request");
                }
                return reader.read(0);
            } finally {
                reader.dispose();
            }
        } catch (IOException | RuntimeException e) { // the PNG reader throws both on damaged data
            throw new RefusedException(
                    RefusalReason.PICTURE_UNREADABLE, "the picture is no readable PNG: " + e.getMessage());
        }
    }

    /** A mask in grey: white inside, black outside. */
    static byte[] of(Mask mask) {
        BufferedImage grey = new BufferedImage(mask.width(), mask.height(), BufferedImage.TYPE_BYTE_GRAY);
        byte[] pixels = ((DataBufferByte) grey.getRaster().getDataBuffer()).getData();
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (byte) (mask.inside()[i] ? 0xFF : 0);
        }
        return of(grey);
    }

    /** A picture. */
    static byte[] of(BufferedImage picture) {
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        try (ImageOutputStream out = new MemoryCacheImageOutputStream(file)) {
            ImageIO.write(picture, "png", out);
        } catch (IOException e) {
            throw new UncheckedIOException("memory cannot be written to", e);
        }
        return file.toByteArray();
    }
}
