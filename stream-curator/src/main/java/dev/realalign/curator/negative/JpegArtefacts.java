package dev.realalign.curator.negative;

import com.twelvemonkeys.imageio.stream.ByteArrayImageInputStream;
import dev.realalign.curator.image.PixelRegion;
import dev.realalign.curator.image.RgbImage;
import java.awt.image.BufferedImage;
import java.awt.image.DataBufferByte;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.ImageOutputStream;
import javax.imageio.stream.MemoryCacheImageOutputStream;

/** Writes the picture as JPEG of IJG quality 30 down to 2, with halved chroma resolution, and reads it back. */
final class JpegArtefacts implements Perturbation {

    @Override
    public RgbImage apply(RgbImage real, PixelRegion region, double strength, SplitMix64 random) {
        RgbImage part = Pixels.cut(real, region);
        try {
            return read(write(part, (30 - 28 * strength) / 100));
        } catch (IOException impossible) {
            throw new UncheckedIOException("A JPEG just written to memory cannot be read back.", impossible);
        }
    }

    private static byte[] write(RgbImage image, double quality) throws IOException {
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        ImageWriter writer = ImageIO.getImageWritersByFormatName("JPEG").next();
        try (ImageOutputStream output = new MemoryCacheImageOutputStream(file)) {
            writer.setOutput(output);
            ImageWriteParam settings = writer.getDefaultWriteParam();
            settings.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
            settings.setCompressionQuality((float) quality);
            writer.write(null, new IIOImage(swapRedAndBlue(image), null, null), settings);
        } finally {
            writer.dispose();
        }
        return file.toByteArray();
    }

    private static RgbImage read(byte[] file) throws IOException {
        ImageReader reader = ImageIO.getImageReadersByFormatName("JPEG").next();
        try (ImageInputStream input = new ByteArrayImageInputStream(file)) {
            reader.setInput(input, true, true);
            BufferedImage image = reader.read(0);
            // whatever its layout, bands are red, green, blue
            byte[] rgb = (byte[]) image.getRaster().getDataElements(0, 0, image.getWidth(), image.getHeight(), null);
            return new RgbImage(image.getWidth(), image.getHeight(), rgb);
        } finally {
            reader.dispose();
        }
    }

    /** The writer's own layout is blue, green, red. */
    private static BufferedImage swapRedAndBlue(RgbImage image) {
        BufferedImage bgr = new BufferedImage(image.width(), image.height(), BufferedImage.TYPE_3BYTE_BGR);
        byte[] to = ((DataBufferByte) bgr.getRaster().getDataBuffer()).getData();
        byte[] from = image.rgb();
        for (int i = 0; i < from.length; i += RgbImage.CHANNELS) {
            to[i] = from[i + 2];
            to[i + 1] = from[i + 1];
            to[i + 2] = from[i];
        }
        return bgr;
    }
}
