package dev.realalign.curator.image;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/** The chunks of a WebP file (RFC 9649). The first frame of an animation counts. */
final class WebpContainer {

    private static final int FIRST_CHUNK = 12;
    private static final int CHUNK_HEADER = 8;

    private final ByteBuffer file;
    private Optional<byte[]> exif = Optional.empty();
    private Optional<byte[]> iccProfile = Optional.empty();
    private final Provenance.Collector provenance = new Provenance.Collector();
    private int width;
    private int height;

    private WebpContainer(ByteBuffer file) {
        this.file = file.order(ByteOrder.LITTLE_ENDIAN);
    }

    static ImageContainer read(ByteBuffer file) throws DamagedImageException {
        return new WebpContainer(file).read();
    }

    private ImageContainer read() throws DamagedImageException {
        long riffEnd = CHUNK_HEADER + Integer.toUnsignedLong(file.getInt(4));
        Optional<Damage> damage = riffEnd > file.limit()
                ? Optional.of(
                        Damage.truncated("the file ends after " + file.limit() + " bytes, its header says " + riffEnd))
                : Optional.empty();
        Optional<Damage> inChunks = walk((int) Math.min(riffEnd, file.limit()));
        if (width == 0 || height == 0) {
            throw new DamagedImageException(
                    damage.or(() -> inChunks).orElseGet(() -> Damage.corrupt("no chunk gives the picture's size")));
        }
        return new ImageContainer(
                ImageType.WEBP,
                width,
                height,
                1,
                false,
                file.array(),
                exif,
                iccProfile,
                provenance.provenance(),
                damage.or(() -> inChunks));
    }

    private Optional<Damage> walk(int end) {
        int at = FIRST_CHUNK;
        while (at + CHUNK_HEADER <= end) {
            byte[] name = new byte[4];
            file.get(at, name);
            String type = new String(name, StandardCharsets.US_ASCII);
            long length = Integer.toUnsignedLong(file.getInt(at + 4));
            int data = at + CHUNK_HEADER;
            if (data + length > end) {
                return Optional.of(Damage.truncated("chunk " + type.strip() + " of " + length + " bytes at byte " + at
                        + " runs over the end of the file"));
            }
            chunk(type, data, (int) length);
            at = (int) Math.min(Integer.MAX_VALUE, data + length + (length & 1));
        }
        return Optional.empty();
    }

    private void chunk(String type, int at, int length) {
        switch (type) {
            case "VP8X" -> size(unsigned24(at + 4) + 1, unsigned24(at + 7) + 1);
            case "VP8 " -> size(file.getShort(at + 6) & 0x3FFF, file.getShort(at + 8) & 0x3FFF);
            case "VP8L" -> {
                int packed = file.getInt(at + 1);
                size((packed & 0x3FFF) + 1, (packed >>> 14 & 0x3FFF) + 1);
            }
            case "EXIF" -> exif = Optional.of(slice(at, length));
            case "ICCP" -> iccProfile =
                    length > ImageContainer.MAX_ICC_PROFILE_BYTES ? Optional.empty() : Optional.of(slice(at, length));
            case "XMP " -> provenance.xmp(slice(at, length));
            case "C2PA" -> provenance.jumbf(slice(at, length));
            default -> {
                // frames of an animation, transparency: for the decoder or for nobody
            }
        }
    }

    /** The first chunk with a size decides: VP8X, where it exists, comes before any picture data. */
    private void size(int chunkWidth, int chunkHeight) {
        if (width == 0) {
            width = chunkWidth;
            height = chunkHeight;
        }
    }

    private int unsigned24(int at) {
        return (file.getShort(at) & 0xFFFF) | (file.get(at + 2) & 0xFF) << 16;
    }

    private byte[] slice(int at, int length) {
        byte[] slice = new byte[length];
        file.get(at, slice);
        return slice;
    }
}
