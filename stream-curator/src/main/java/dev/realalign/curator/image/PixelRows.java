package dev.realalign.curator.image;

import java.awt.color.ColorSpace;
import java.awt.color.ICC_ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ColorConvertOp;
import java.awt.image.ColorModel;
import java.awt.image.ComponentColorModel;
import java.awt.image.DataBuffer;
import java.awt.image.DataBufferByte;
import java.awt.image.DirectColorModel;
import java.awt.image.IndexColorModel;
import java.awt.image.PixelInterleavedSampleModel;
import java.awt.image.Raster;
import java.awt.image.WritableRaster;
import java.util.Arrays;

/**
 * Rows of a decoded picture of any colour model as 8-bit RGB. Samples of grey and RGB pictures are taken as they are
 * stored (java.awt would treat grey as linear light and brighten it); their profile, if they have one, is applied
 * later. CMYK and other colour spaces are converted here. Samples of more than 8 bits are rounded; transparent pixels
 * are laid over the background in sRGB values, as browsers do.
 */
abstract class PixelRows implements RgbRows {

    private static final int OPAQUE = 255;

    private final int width;
    private final int height;
    private final boolean profileApplied;

    private PixelRows(BufferedImage image, boolean profileApplied) {
        this.width = image.getWidth();
        this.height = image.getHeight();
        this.profileApplied = profileApplied;
    }

    /**
     * Chooses the conversion for a picture.
     *
     * @param background colour behind transparent pixels, 0xRRGGBB
     * @throws IllegalArgumentException if the colour model is none that a photograph has
     */
    static PixelRows of(BufferedImage image, int background) {
        ColorModel model = image.getColorModel();
        int space = model.getColorSpace().getType();
        if (model instanceof IndexColorModel palette) {
            return new PaletteRows(image, palette, background);
        }
        if (model instanceof ComponentColorModel && isIntegral(model)) {
            if (space == ColorSpace.TYPE_RGB && isPlainBytes(image)) {
                return new ByteRows(image);
            }
            if (space == ColorSpace.TYPE_RGB || space == ColorSpace.TYPE_GRAY) {
                return new SampleRows(image, background);
            }
            if (!model.hasAlpha()
                    && (space == ColorSpace.TYPE_CMYK || model.getColorSpace() instanceof ICC_ColorSpace)) {
                return new ConvertedRows(image);
            }
        }
        if (model instanceof DirectColorModel) {
            return new PackedRows(image, background);
        }
        throw new IllegalArgumentException("pixels of " + model.getNumComponents() + " components in a colour space of "
                + "type " + space + (model.hasAlpha() ? " with transparency" : "") + " are not read");
    }

    @Override
    public int width() {
        return width;
    }

    @Override
    public int height() {
        return height;
    }

    /** Whether the colours are sRGB already, so that no embedded profile may be applied again. */
    boolean isProfileApplied() {
        return profileApplied;
    }

    private static boolean isIntegral(ColorModel model) {
        int type = model.getTransferType();
        return type == DataBuffer.TYPE_BYTE || type == DataBuffer.TYPE_USHORT || type == DataBuffer.TYPE_INT;
    }

    private static boolean isPlainBytes(BufferedImage image) {
        Raster raster = image.getRaster();
        return raster.getNumBands() == RgbImage.CHANNELS
                && raster.getSampleModel() instanceof PixelInterleavedSampleModel
                && raster.getDataBuffer() instanceof DataBufferByte bytes
                && bytes.getNumBanks() == 1
                && image.getColorModel().getComponentSize(0) == 8;
    }

    /** Premultiplied or not, over an opaque background; all values 0 to 255. */
    private static int over(int colour, int alpha, boolean premultiplied, int background) {
        int opaquePart = premultiplied ? colour * OPAQUE : colour * alpha;
        return Math.min(OPAQUE, (opaquePart + background * (OPAQUE - alpha) + OPAQUE / 2) / OPAQUE);
    }

    private static int channel(int rgb, int index) {
        return rgb >> (16 - 8 * index) & 0xFF;
    }

    /** The usual decoded photograph: three interleaved bytes. */
    private static final class ByteRows extends PixelRows {
        private static final int[] RGB = {0, 1, 2};

        private final byte[] samples;
        private final int firstSample;
        private final int rowStride;
        private final int pixelStride;
        private final int[] bands;

        ByteRows(BufferedImage image) {
            super(image, false);
            Raster raster = image.getRaster();
            PixelInterleavedSampleModel model = (PixelInterleavedSampleModel) raster.getSampleModel();
            DataBufferByte buffer = (DataBufferByte) raster.getDataBuffer();
            samples = buffer.getData();
            rowStride = model.getScanlineStride();
            pixelStride = model.getPixelStride();
            bands = model.getBandOffsets();
            firstSample = buffer.getOffset()
                    - raster.getSampleModelTranslateY() * rowStride
                    - raster.getSampleModelTranslateX() * pixelStride;
        }

        @Override
        public void read(int y, byte[] into) {
            // in local variables, or every pixel fetches them again
            byte[] from = samples;
            int stride = pixelStride;
            int start = firstSample + y * rowStride;
            int end = width() * RgbImage.CHANNELS;
            if (stride == RgbImage.CHANNELS && Arrays.equals(bands, RGB)) {
                System.arraycopy(from, start, into, 0, end);
                return;
            }
            for (int c = 0; c < RgbImage.CHANNELS; c++) {
                int at = start + bands[c];
                for (int to = c; to < end; to += RgbImage.CHANNELS) {
                    into[to] = from[at];
                    at += stride;
                }
            }
        }
    }

    /** Grey or RGB samples of up to 32 bits, with or without transparency. */
    private static final class SampleRows extends PixelRows {
        private final Raster raster;
        private final boolean grey;
        private final boolean alpha;
        private final boolean premultiplied;
        private final int background;
        private final long[] largest;
        private final int[] samples;

        SampleRows(BufferedImage image, int background) {
            super(image, false);
            ColorModel model = image.getColorModel();
            this.raster = image.getRaster();
            this.grey = model.getNumColorComponents() == 1;
            this.alpha = model.hasAlpha();
            this.premultiplied = model.isAlphaPremultiplied();
            this.background = background;
            this.largest = new long[raster.getNumBands()];
            for (int band = 0; band < largest.length; band++) {
                largest[band] = (1L << model.getComponentSize(band)) - 1;
            }
            this.samples = new int[width() * raster.getNumBands()];
        }

        @Override
        public void read(int y, byte[] into) {
            int bands = largest.length;
            raster.getPixels(raster.getMinX(), raster.getMinY() + y, width(), 1, samples);
            int to = 0;
            for (int at = 0; at < samples.length; at += bands) {
                int opacity = alpha ? eightBits(at, bands - 1) : OPAQUE;
                for (int c = 0; c < RgbImage.CHANNELS; c++) {
                    int value = eightBits(at, grey ? 0 : c);
                    into[to++] = (byte)
                            (opacity == OPAQUE ? value : over(value, opacity, premultiplied, channel(background, c)));
                }
            }
        }

        private int eightBits(int pixelAt, int band) {
            long value = samples[pixelAt + band] & 0xFFFFFFFFL;
            return (int) ((value * OPAQUE + largest[band] / 2) / largest[band]);
        }
    }

    /** Indices into a palette, which may hold transparent colours. */
    private static final class PaletteRows extends PixelRows {
        private final Raster raster;
        private final int[] colours;
        private final int[] indices;

        PaletteRows(BufferedImage image, IndexColorModel palette, int background) {
            super(image, false);
            this.raster = image.getRaster();
            this.colours = new int[palette.getMapSize()];
            palette.getRGBs(colours);
            for (int i = 0; i < colours.length; i++) {
                colours[i] = opaque(colours[i], background);
            }
            this.indices = new int[width()];
        }

        private static int opaque(int argb, int background) {
            int alpha = argb >>> 24;
            int rgb = 0;
            for (int c = 0; c < RgbImage.CHANNELS; c++) {
                rgb = rgb << 8 | over(channel(argb, c), alpha, false, channel(background, c));
            }
            return rgb;
        }

        @Override
        public void read(int y, byte[] into) {
            raster.getPixels(raster.getMinX(), raster.getMinY() + y, width(), 1, indices);
            int to = 0;
            for (int index : indices) {
                if (index >= colours.length) {
                    throw new IllegalArgumentException(
                            "colour " + index + " is outside the palette of " + colours.length);
                }
                for (int c = 0; c < RgbImage.CHANNELS; c++) {
                    into[to++] = (byte) channel(colours[index], c);
                }
            }
        }
    }

    /** Packed RGB such as 5-6-5 or 8-8-8-8, always sRGB. */
    private static final class PackedRows extends PixelRows {
        private final BufferedImage image;
        private final int background;
        private final int[] colours;

        PackedRows(BufferedImage image, int background) {
            super(image, true);
            this.image = image;
            this.background = background;
            this.colours = new int[width()];
        }

        @Override
        public void read(int y, byte[] into) {
            image.getRGB(0, y, width(), 1, colours, 0, width());
            int to = 0;
            for (int argb : colours) {
                for (int c = 0; c < RgbImage.CHANNELS; c++) {
                    into[to++] = (byte) over(channel(argb, c), argb >>> 24, false, channel(background, c));
                }
            }
        }
    }

    /** CMYK and whatever else has a colour space that java.awt can convert. */
    private static final class ConvertedRows extends PixelRows {
        private final Raster raster;
        private final ColorModel model;
        private final ColorConvertOp toSrgb;
        private final WritableRaster converted;

        ConvertedRows(BufferedImage image) {
            super(image, true);
            this.raster = image.getRaster();
            this.model = image.getColorModel();
            this.toSrgb = new ColorConvertOp(model.getColorSpace(), ColorSpace.getInstance(ColorSpace.CS_sRGB), null);
            this.converted = Raster.createInterleavedRaster(DataBuffer.TYPE_BYTE, width(), 1, RgbImage.CHANNELS, null);
        }

        @Override
        public void read(int y, byte[] into) {
            if (model.getColorSpace() instanceof ICC_ColorSpace) {
                Raster row = raster.createChild(raster.getMinX(), raster.getMinY() + y, width(), 1, 0, 0, null);
                toSrgb.filter(row, converted);
                System.arraycopy(
                        ((DataBufferByte) converted.getDataBuffer()).getData(),
                        0,
                        into,
                        0,
                        width() * RgbImage.CHANNELS);
            } else {
                convertByFormula(y, into);
            }
        }

        /** Colour spaces without a profile: the TIFF reader's plain CMYK, whose own conversion is far too bright. */
        private void convertByFormula(int y, byte[] into) {
            int to = 0;
            float[] inks = new float[model.getNumComponents()];
            for (int x = 0; x < width(); x++) {
                Object pixel = raster.getDataElements(raster.getMinX() + x, raster.getMinY() + y, null);
                model.getNormalizedComponents(pixel, inks, 0);
                float light = 1 - inks[inks.length - 1];
                for (int c = 0; c < RgbImage.CHANNELS; c++) {
                    into[to++] = (byte) Math.round((1 - inks[c]) * light * OPAQUE);
                }
            }
        }
    }
}
