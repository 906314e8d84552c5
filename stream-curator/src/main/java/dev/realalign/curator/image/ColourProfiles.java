package dev.realalign.curator.image;

import java.awt.color.CMMException;
import java.awt.color.ColorSpace;
import java.awt.color.ICC_ColorSpace;
import java.awt.color.ICC_Profile;
import java.awt.color.ProfileDataException;
import java.awt.image.ColorConvertOp;
import java.awt.image.DataBuffer;
import java.awt.image.DataBufferByte;
import java.awt.image.Raster;
import java.awt.image.WritableRaster;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Colours of an embedded ICC profile to sRGB. Building a conversion takes some ten milliseconds and cameras have few
 * profiles, so the latest ones are kept; they change how long a picture takes, never its colours. Not for use by
 * several threads.
 */
final class ColourProfiles {

    private static final int CONVERSIONS_KEPT = 16;

    /** Empty for a profile that cannot be used: the colours then stay as they are, as in browsers. */
    private final Map<ByteBuffer, Optional<Conversion>> conversions = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<ByteBuffer, Optional<Conversion>> eldest) {
            return size() > CONVERSIONS_KEPT;
        }
    };

    private record Conversion(ColorConvertOp operation, boolean grey) {}

    /** The picture in sRGB; the picture itself where the profile is unusable or of neither RGB nor grey. */
    RgbImage toSrgb(RgbImage image, byte[] profile) {
        return conversions
                .computeIfAbsent(ByteBuffer.wrap(profile), key -> conversion(profile))
                .map(conversion -> convert(image, conversion))
                .orElse(image);
    }

    private static Optional<Conversion> conversion(byte[] profile) {
        try {
            ICC_ColorSpace space = new ICC_ColorSpace(ICC_Profile.getInstance(profile));
            boolean grey = space.getType() == ColorSpace.TYPE_GRAY;
            if (!grey && space.getType() != ColorSpace.TYPE_RGB) {
                return Optional.empty();
            }
            Conversion conversion =
                    new Conversion(new ColorConvertOp(space, ColorSpace.getInstance(ColorSpace.CS_sRGB), null), grey);
            // a profile can be well-formed and still have no transform: find out here
            convert(new RgbImage(1, 1, new byte[RgbImage.CHANNELS]), conversion);
            return Optional.of(conversion);
        } catch (IllegalArgumentException | CMMException | ProfileDataException unusable) {
            return Optional.empty();
        }
    }

    private static RgbImage convert(RgbImage image, Conversion conversion) {
        WritableRaster converted = raster(image.width(), image.height(), new byte[image.rgb().length]);
        Raster source = raster(image.width(), image.height(), image.rgb());
        if (conversion.grey) {
            // a grey picture has three equal channels by now; its profile wants one
            source = source.createChild(0, 0, image.width(), image.height(), 0, 0, new int[] {0});
        }
        conversion.operation.filter(source, converted);
        return new RgbImage(image.width(), image.height(), ((DataBufferByte) converted.getDataBuffer()).getData());
    }

    private static WritableRaster raster(int width, int height, byte[] rgb) {
        DataBuffer samples = new DataBufferByte(rgb, rgb.length);
        return Raster.createInterleavedRaster(
                samples, width, height, width * RgbImage.CHANNELS, RgbImage.CHANNELS, new int[] {0, 1, 2}, null);
    }
}
