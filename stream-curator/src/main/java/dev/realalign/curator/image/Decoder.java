package dev.realalign.curator.image;

import com.twelvemonkeys.imageio.stream.ByteArrayImageInputStream;
import java.awt.Transparency;
import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.ComponentColorModel;
import java.awt.image.DataBuffer;
import java.awt.image.Raster;
import java.awt.image.WritableRaster;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.imageio.ImageIO;
import javax.imageio.ImageReadParam;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;

/**
 * Pixels out of a container whose size has been judged: the JDK's readers, with TwelveMonkeys' for JPEG and WebP.
 */
final class Decoder {

    static {
        // a reader that wraps a stream of its own must not spill to disk either
        ImageIO.setUseCache(false);
    }

    /** libjpeg's words for picture data that do not fit the picture. */
    private static final Pattern JPEG_DAMAGE =
            Pattern.compile("Corrupt JPEG data.*|Premature end of .*|Truncated File.*|Inconsistent progression.*");

    private static final Pattern JPEG_PADDING =
            Pattern.compile("Corrupt JPEG data: (\\d+) extraneous bytes before marker 0xd9");

    /** Some cameras pad the last scan; more bytes than this are a sign that the decoder lost its place. */
    private static final int MAX_PADDING_BYTES = 16;

    private Decoder() {}

    /**
     * Decodes the first frame.
     *
     * @param background colour behind transparent pixels, 0xRRGGBB
     * @throws DamagedImageException if the decoder noticed damage and went on
     * @throws IOException if the decoder gave up; it may as well throw any RuntimeException, OutOfMemoryError or
     *     StackOverflowError
     */
    static PixelRows decode(ImageContainer container, int background) throws IOException, DamagedImageException {
        List<String> warnings = new ArrayList<>();
        BufferedImage image = read(container, warnings);
        refuseDamageNoticed(warnings);
        return PixelRows.of(image, background);
    }

    private static BufferedImage read(ImageContainer container, List<String> warnings)
            throws IOException, DamagedImageException {
        ImageReader reader =
                ImageIO.getImageReadersByFormatName(container.type().name()).next();
        try (ImageInputStream input = new ByteArrayImageInputStream(container.decodable())) {
            reader.addIIOReadWarningListener((source, warning) -> warnings.add(warning));
            reader.setInput(input, true, true);
            int width = reader.getWidth(0);
            int height = reader.getHeight(0);
            if (width != container.width() || height != container.height()) {
                throw new DamagedImageException(Damage.corrupt("the header says " + container.width() + "x"
                        + container.height() + " pixels, the decoder finds " + width + "x" + height));
            }
            if (!container.ycc()) {
                return reader.read(0);
            }
            ImageReadParam settings = reader.getDefaultReadParam();
            settings.setDestination(rgb(width, height));
            return reader.read(0, settings);
        } finally {
            reader.dispose();
        }
    }

    /** The order in which the JPEG decoder makes its samples: it copies rows, where its own choice would turn every pixel around. */
    private static BufferedImage rgb(int width, int height) {
        WritableRaster raster = Raster.createInterleavedRaster(
                DataBuffer.TYPE_BYTE,
                width,
                height,
                width * RgbImage.CHANNELS,
                RgbImage.CHANNELS,
                new int[] {0, 1, 2},
                null);
        ColorModel model = new ComponentColorModel(
                ColorSpace.getInstance(ColorSpace.CS_sRGB), false, false, Transparency.OPAQUE, DataBuffer.TYPE_BYTE);
        return new BufferedImage(model, raster, false, null);
    }

    private static void refuseDamageNoticed(List<String> warnings) throws DamagedImageException {
        for (String warning : warnings) {
            if (JPEG_DAMAGE.matcher(warning).matches() && !isPadding(warning)) {
                throw new DamagedImageException(Damage.corrupt("the JPEG decoder warns: " + warning));
            }
        }
    }

    private static boolean isPadding(String warning) {
        Matcher padding = JPEG_PADDING.matcher(warning);
        return padding.matches() && Integer.parseInt(padding.group(1)) <= MAX_PADDING_BYTES;
    }
}
