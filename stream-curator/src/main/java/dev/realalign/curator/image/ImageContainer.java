package dev.realalign.curator.image;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.Optional;

/**
 * What the structure of an image file says before a single pixel is decoded.
 *
 * <p>{@link #decodable} is the file without what decoding does not need: text, thumbnails, comments, profiles. A
 * decoder that never sees hostile metadata cannot stumble over it, and two files that differ in metadata alone decode
 * to the same picture.
 *
 * @param type file type
 * @param width width in pixels as stored, before orientation; at least 1
 * @param height height in pixels as stored; at least 1
 * @param scans times a decoder walks over the whole picture: progressive scans of a JPEG, 1 for other types
 * @param ycc whether it is a JPEG of luma and chroma by every rule that decoders have to tell that
 * @param decodable the file reduced to what a decoder needs
 * @param exif EXIF data (a TIFF structure), where the file has any
 * @param iccProfile embedded ICC profile still to be applied, where the file has one
 * @param provenance what the file says about where it came from, without its EXIF data
 * @param damage what is wrong with the file's structure, if anything
 */
public record ImageContainer(
        ImageType type,
        int width,
        int height,
        int scans,
        boolean ycc,
        byte[] decodable,
        Optional<byte[]> exif,
        Optional<byte[]> iccProfile,
        Provenance provenance,
        Optional<Damage> damage) {

    /** No profile of a real camera or colour space comes near; larger ones are ignored. */
    static final int MAX_ICC_PROFILE_BYTES = 4 << 20;

    /** Pixels as stored. */
    public long pixels() {
        return (long) width * height;
    }

    /**
     * Reads the structure of a file of a known type.
     *
     * @throws DamagedImageException if not even the picture's size can be told
     */
    public static ImageContainer read(byte[] file, ImageType type) throws DamagedImageException {
        ByteBuffer bytes = ByteBuffer.wrap(file);
        try {
            ImageContainer container =
                    switch (type) {
                        case JPEG -> JpegContainer.read(bytes);
                        case PNG -> PngContainer.read(bytes);
                        case GIF -> GifContainer.read(bytes);
                        case WEBP -> WebpContainer.read(bytes);
                        case BMP -> BmpContainer.read(bytes);
                        case TIFF -> TiffContainer.read(file);
                    };
            if (container.width < 1 || container.height < 1) {
                throw new DamagedImageException(
                        Damage.corrupt("the header says " + container.width + "x" + container.height + " pixels"));
            }
            return container;
        } catch (BufferUnderflowException | IndexOutOfBoundsException endOfFile) {
            throw new DamagedImageException(
                    Damage.truncated("the file ends after " + file.length + " bytes, inside its " + type + " header"));
        }
    }
}
