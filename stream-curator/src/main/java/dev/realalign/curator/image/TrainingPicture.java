package dev.realalign.curator.image;

import java.io.IOException;
import javax.imageio.IIOException;

/**
 * From a judged container to the picture a model trains on: decoded, its shorter side resized to the training
 * resolution, turned upright, cut to the centre square, in sRGB, without metadata. Not for use by several threads.
 */
public final class TrainingPicture {

    private final int resolution;
    private final int background;
    private final ColourProfiles profiles = new ColourProfiles();

    /**
     * A recipe for pictures.
     *
     * @param resolution width and height of the result in pixels
     * @param background colour behind transparent pixels, 0xRRGGBB
     */
    public TrainingPicture(int resolution, int background) {
        this.resolution = resolution;
        this.background = background;
    }

    /**
     * The first frame of the file as a square picture.
     *
     * @throws DamagedImageException if the pixels cannot be decoded: whatever a decoder throws at a hostile file is
     *     damage of that file and no more
     */
    public RgbImage of(ImageContainer container) throws DamagedImageException {
        try {
            PixelRows pixels = Decoder.decode(container, background);
            return finish(resize(pixels), container, pixels.isProfileApplied());
        } catch (IOException | RuntimeException failure) {
            throw new DamagedImageException(
                    Damage.corrupt("the " + container.type() + " decoder failed: " + words(failure)));
        } catch (OutOfMemoryError | StackOverflowError failure) {
            throw new DamagedImageException(Damage.corrupt("the " + container.type() + " decoder ran out of "
                    + (failure instanceof OutOfMemoryError ? "memory" : "stack") + " on a picture of "
                    + container.width() + "x" + container.height() + " pixels"));
        }
    }

    private RgbImage finish(RgbImage resized, ImageContainer container, boolean profileApplied) {
        Orientation orientation = container.exif().map(Orientation::ofExif).orElse(Orientation.TOP_LEFT);
        RgbImage square = centre(orientation.apply(resized));
        return container
                .iccProfile()
                .filter(profile -> !profileApplied)
                .map(profile -> profiles.toSrgb(square, profile))
                .orElse(square);
    }

    /** The readers' own exceptions explain themselves; of any other the type is half of the message. */
    private static String words(Exception failure) {
        String message = failure.getMessage();
        return failure instanceof IIOException && message != null ? message : failure.toString();
    }

    /** The shorter side becomes the resolution, the longer one follows in proportion. */
    private RgbImage resize(RgbRows pixels) {
        int shorter = Math.min(pixels.width(), pixels.height());
        if (shorter == resolution) {
            return copy(pixels);
        }
        double scale = (double) resolution / shorter;
        return Lanczos.resize(
                pixels, Math.max(resolution, (int) Math.round(pixels.width() * scale)), Math.max(resolution, (int)
                        Math.round(pixels.height() * scale)));
    }

    private static RgbImage copy(RgbRows pixels) {
        int rowSamples = pixels.width() * RgbImage.CHANNELS;
        byte[] rgb = new byte[pixels.height() * rowSamples];
        byte[] row = new byte[rowSamples];
        for (int y = 0; y < pixels.height(); y++) {
            pixels.read(y, row);
            System.arraycopy(row, 0, rgb, y * rowSamples, rowSamples);
        }
        return new RgbImage(pixels.width(), pixels.height(), rgb);
    }

    private RgbImage centre(RgbImage image) {
        if (image.width() == resolution && image.height() == resolution) {
            return image;
        }
        int left = (image.width() - resolution) / 2;
        int top = (image.height() - resolution) / 2;
        byte[] square = new byte[resolution * resolution * RgbImage.CHANNELS];
        int rowSamples = resolution * RgbImage.CHANNELS;
        for (int y = 0; y < resolution; y++) {
            int from = image.index(left, top + y);
            System.arraycopy(image.rgb(), from, square, y * rowSamples, rowSamples);
        }
        return new RgbImage(resolution, resolution, square);
    }
}
