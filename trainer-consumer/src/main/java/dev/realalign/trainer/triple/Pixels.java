package dev.realalign.trainer.triple;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Iterator;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.MemoryCacheImageInputStream;

/**
 * An RGB image, eight bits a channel.
 *
 * @param width width in pixels
 * @param height height in pixels
 * @param planes red, green and blue plane, each row by row: (3, H, W); not to be changed
 */
public record Pixels(int width, int height, byte[] planes) {
    private static final long PNG_SIGNATURE = 0x89504E470D0A1A0AL;
    /** Red, green, blue. */
    public static final int CHANNELS = 3;

    /**
     * Decodes a PNG of a known size. The size is checked before a pixel is decoded.
     *
     * @param what which image this is, for errors
     * @throws UnusableTripleException when it is no PNG, broken, or of another size
     */
    static Pixels decodePng(ByteBuffer png, int width, int height, String what) throws UnusableTripleException {
        if (png.remaining() < Long.BYTES || png.getLong(png.position()) != PNG_SIGNATURE) {
            throw new UnusableTripleException(
                    SkipReason.UNREADABLE_IMAGE, "the " + what + " image is no PNG (" + png.remaining() + " bytes)");
        }
        byte[] bytes = new byte[png.remaining()];
        png.duplicate().get(bytes);
        try (ImageInputStream in = new MemoryCacheImageInputStream(new ByteArrayInputStream(bytes))) {
            Iterator<ImageReader> readers = ImageIO.getImageReadersByFormatName("png");
            ImageReader reader = readers.next(); // part of every Java runtime
            try {
                reader.setInput(in, true, true);
                if (reader.getWidth(0) != width || reader.getHeight(0) != height) {
                    throw new UnusableTripleException(
                            SkipReason.WRONG_SIZE,
                            "the " + what + " image has " + reader.getWidth(0) + "x" + reader.getHeight(0)
                                    + " pixels, the model trains at " + width + "x" + height);
                }
                return of(reader.read(0));
            } finally {
                reader.dispose();
            }
        } catch (IOException | RuntimeException e) { // the PNG reader throws both on damaged data
            throw new UnusableTripleException(
                    SkipReason.UNREADABLE_IMAGE, "the " + what + " image does not decode: " + e.getMessage());
        }
    }

    private static Pixels of(BufferedImage image) {
        int width = image.getWidth();
        int height = image.getHeight();
        int[] rgb = image.getRGB(0, 0, width, height, null, 0, width);
        byte[] planes = new byte[CHANNELS * rgb.length];
        for (int i = 0; i < rgb.length; i++) {
            planes[i] = (byte) (rgb[i] >> 16);
            planes[rgb.length + i] = (byte) (rgb[i] >> 8);
            planes[2 * rgb.length + i] = (byte) rgb[i];
        }
        return new Pixels(width, height, planes);
    }

    /**
     * Writes the image as numbers in [-1, 1] into a (3, H, W) block, mirrored left to right if asked.
     *
     * @param into receives 3 H W numbers
     * @param start index of the first of them
     */
    public void normalise(float[] into, int start, boolean mirrored) {
        for (int row = 0; row < CHANNELS * height; row++) {
            for (int x = 0; x < width; x++) {
                int from = row * width + (mirrored ? width - 1 - x : x);
                into[start + row * width + x] = (planes[from] & 0xff) / 127.5f - 1f;
            }
        }
    }

    /** Numbers in one image: 3 H W. */
    public int elements() {
        return CHANNELS * width * height;
    }
}
