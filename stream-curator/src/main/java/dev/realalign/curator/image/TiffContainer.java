package dev.realalign.curator.image;

import com.drew.metadata.exif.ExifDirectoryBase;
import com.drew.metadata.exif.ExifIFD0Directory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The first directory of a TIFF file (TIFF 6.0): the first page counts. */
final class TiffContainer {

    private static final int ENTRY_BYTES = 12;
    private static final int FLOATING_POINT = 3;
    /** A tile may be larger than a small picture, but not by so much that its buffer becomes the attack. */
    private static final long LARGEST_PADDING_PIXELS = 1 << 22;

    /** C2PA specification 2.1, A.3.5. */
    private static final int TAG_CONTENT_CREDENTIALS = 0xCD41;

    private static final int MAX_SAMPLES_PER_PIXEL = 8;
    private static final int MAX_BITS_PER_SAMPLE = 32;

    private TiffContainer() {}

    static ImageContainer read(byte[] file) throws DamagedImageException {
        ByteBuffer header =
                ByteBuffer.wrap(file).order(file[0] == 'I' ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
        long directoryAt = Integer.toUnsignedLong(header.getInt(4));
        long directoryEnd = directoryAt + 2 > file.length
                ? Long.MAX_VALUE
                : directoryAt + 2 + ENTRY_BYTES * (header.getShort((int) directoryAt) & 0xFFFFL);
        if (directoryEnd > file.length) {
            throw new DamagedImageException(Damage.truncated("the file ends after " + file.length
                    + " bytes, before the end of its directory at byte " + directoryAt));
        }
        ExifIFD0Directory tags = FirstTiffDirectory.read(file);
        long width = number(tags, ExifDirectoryBase.TAG_IMAGE_WIDTH, 0, 0);
        long height = number(tags, ExifDirectoryBase.TAG_IMAGE_HEIGHT, 0, 0);
        if (width < 1 || height < 1 || width > Integer.MAX_VALUE || height > Integer.MAX_VALUE) {
            throw new DamagedImageException(
                    Damage.corrupt("the first directory gives no usable size (" + width + "x" + height + " pixels)"));
        }
        // the directory doubles as EXIF data: its orientation tag is the same one
        return new ImageContainer(
                ImageType.TIFF,
                (int) width,
                (int) height,
                1,
                false,
                file,
                Optional.of(file),
                profile(tags),
                provenance(tags),
                damage(tags, file.length, width * height));
    }

    private static Optional<Damage> damage(ExifIFD0Directory tags, long fileBytes, long pixels) {
        if (number(tags, ExifDirectoryBase.TAG_SAMPLE_FORMAT, 0, 1) == FLOATING_POINT) {
            return Optional.of(Damage.unsupported("its samples are floating-point numbers"));
        }
        long bits = number(tags, ExifDirectoryBase.TAG_BITS_PER_SAMPLE, 0, 1);
        long samples = Math.max(1, count(tags, ExifDirectoryBase.TAG_BITS_PER_SAMPLE));
        if (bits > MAX_BITS_PER_SAMPLE || samples > MAX_SAMPLES_PER_PIXEL) {
            return Optional.of(Damage.unsupported("a pixel has " + samples + " samples of " + bits + " bits"));
        }
        long tilePixels = number(tags, ExifDirectoryBase.TAG_TILE_WIDTH, 0, 0)
                * number(tags, ExifDirectoryBase.TAG_TILE_LENGTH, 0, 0);
        if (tilePixels < 0 || tilePixels > pixels + LARGEST_PADDING_PIXELS) {
            return Optional.of(
                    Damage.corrupt("a tile of " + tilePixels + " pixels for a picture of " + pixels + " pixels"));
        }
        return beyondEnd(tags, ExifDirectoryBase.TAG_STRIP_OFFSETS, ExifDirectoryBase.TAG_STRIP_BYTE_COUNTS, fileBytes)
                .or(() -> beyondEnd(
                        tags, ExifDirectoryBase.TAG_TILE_OFFSETS, ExifDirectoryBase.TAG_TILE_BYTE_COUNTS, fileBytes));
    }

    private static Optional<Damage> beyondEnd(ExifIFD0Directory tags, int offsetsTag, int countsTag, long fileBytes) {
        int parts = count(tags, offsetsTag);
        for (int i = 0; i < parts; i++) {
            long end = number(tags, offsetsTag, i, 0) + number(tags, countsTag, i, 0);
            if (end > fileBytes) {
                return Optional.of(Damage.truncated("the file ends after " + fileBytes + " bytes, part " + (i + 1)
                        + " of " + parts + " of its picture at byte " + end));
            }
        }
        return Optional.empty();
    }

    private static Provenance provenance(ExifIFD0Directory tags) {
        Provenance.Collector collector = new Provenance.Collector();
        bytes(tags, ExifDirectoryBase.TAG_APPLICATION_NOTES).ifPresent(collector::xmp);
        bytes(tags, TAG_CONTENT_CREDENTIALS).ifPresent(collector::jumbf);
        return collector.provenance();
    }

    private static Optional<byte[]> bytes(ExifIFD0Directory tags, int tag) {
        return Optional.ofNullable(tags.getByteArray(tag));
    }

    private static Optional<byte[]> profile(ExifIFD0Directory tags) {
        byte[] profile = tags.getByteArray(ExifDirectoryBase.TAG_INTER_COLOR_PROFILE);
        return profile == null || profile.length > ImageContainer.MAX_ICC_PROFILE_BYTES
                ? Optional.empty()
                : Optional.of(profile);
    }

    private static int count(ExifIFD0Directory tags, int tag) {
        @Nullable Object value = tags.getObject(tag);
        return value == null ? 0 : value.getClass().isArray() ? java.lang.reflect.Array.getLength(value) : 1;
    }

    /** Entry {@code index} of a numeric tag, the only one where it is no array; {@code absent} where there is none. */
    private static long number(ExifIFD0Directory tags, int tag, int index, long absent) {
        @Nullable Object value = tags.getObject(tag);
        if (value instanceof Number number) {
            return index == 0 ? number.longValue() : absent;
        }
        if (value instanceof int[] numbers) {
            return index < numbers.length ? numbers[index] : absent;
        }
        if (value instanceof long[] numbers) {
            return index < numbers.length ? numbers[index] : absent;
        }
        if (value instanceof short[] numbers) {
            return index < numbers.length ? numbers[index] : absent;
        }
        return absent;
    }
}
