package dev.realalign.curator.image;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;

/** The headers of a BMP file. */
final class BmpContainer {

    private static final int FILE_HEADER = 14;
    private static final int OS2_HEADER = 12;
    private static final int UNCOMPRESSED = 0;
    private static final int BIT_FIELDS = 3;
    private static final int EMBEDDED_JPEG = 4;
    private static final int EMBEDDED_PNG = 5;

    private BmpContainer() {}

    static ImageContainer read(ByteBuffer file) throws DamagedImageException {
        file.order(ByteOrder.LITTLE_ENDIAN);
        long pixelsAt = Integer.toUnsignedLong(file.getInt(10));
        boolean os2 = file.getInt(FILE_HEADER) == OS2_HEADER;
        int width = os2 ? file.getShort(18) & 0xFFFF : file.getInt(18);
        // a negative height means that the rows run from top to bottom
        int height = os2 ? file.getShort(20) & 0xFFFF : Math.abs(file.getInt(22));
        int bitsPerPixel = file.getShort(os2 ? 24 : 28) & 0xFFFF;
        int compression = os2 ? UNCOMPRESSED : file.getInt(30);
        long storedBytes = os2 ? 0 : Integer.toUnsignedLong(file.getInt(34));
        if (width < 1 || height < 1) {
            throw new DamagedImageException(Damage.corrupt("the header says " + width + "x" + height + " pixels"));
        }
        return new ImageContainer(
                ImageType.BMP,
                width,
                height,
                1,
                false,
                file.array(),
                Optional.empty(),
                Optional.empty(),
                Provenance.NONE,
                damage(file, pixelsAt, (long) width, height, bitsPerPixel, compression, storedBytes));
    }

    private static Optional<Damage> damage(
            ByteBuffer file, long pixelsAt, long width, long height, int bitsPerPixel, int compression, long stored) {
        if (compression == EMBEDDED_JPEG || compression == EMBEDDED_PNG) {
            return Optional.of(Damage.unsupported("it wraps a JPEG or PNG, a form meant for printers"));
        }
        boolean plain = compression == UNCOMPRESSED || compression == BIT_FIELDS;
        long needed = plain ? (width * bitsPerPixel + 31) / 32 * 4 * height : stored;
        return pixelsAt + needed > file.limit()
                ? Optional.of(Damage.truncated(
                        "the file ends after " + file.limit() + " bytes, its pixels need " + (pixelsAt + needed)))
                : Optional.empty();
    }
}
