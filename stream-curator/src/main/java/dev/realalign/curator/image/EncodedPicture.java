package dev.realalign.curator.image;

import java.util.Arrays;
import java.util.List;

/**
 * A picture and its PNG file of {@link PngEncoder}, and where the parts of that file begin: a picture that is mostly equal,
 * as the negative half of a pair often is, takes over the parts that hold what is equal.
 */
public final class EncodedPicture {

    private final RgbImage image;
    private final byte[] file;
    private final List<HuffmanOnly.Block> blocks;

    private EncodedPicture(RgbImage image, byte[] file, List<HuffmanOnly.Block> blocks) {
        this.image = image;
        this.file = file;
        this.blocks = blocks;
    }

    /** Encodes a picture. */
    public static EncodedPicture of(RgbImage image) {
        HuffmanOnly.Packed packed = PngEncoder.pack(image);
        return new EncodedPicture(image, PngEncoder.file(image, packed.zlib()), packed.blocks());
    }

    /** A picture that was encoded elsewhere: nothing of its file is taken over. */
    public static EncodedPicture of(RgbImage image, byte[] file) {
        return new EncodedPicture(image, file, List.of());
    }

    /** The picture. */
    public RgbImage image() {
        return image;
    }

    /** The picture as a PNG file. */
    public byte[] file() {
        return file;
    }

    /** Another picture as a PNG file: to the byte the one that {@link PngEncoder#encode} makes, in less time. */
    public byte[] encode(RgbImage other) {
        if (blocks.isEmpty() || other.width() != image.width() || other.height() != image.height()) {
            return PngEncoder.encode(other);
        }
        int first = Arrays.mismatch(image.rgb(), other.rgb());
        if (first < 0) {
            return file.clone();
        }
        int rowSamples = image.width() * RgbImage.CHANNELS;
        int firstRow = first / rowSamples;
        int endRow = image.height();
        while (isRowEqual(other, endRow - 1)) {
            endRow--;
        }
        return PngEncoder.file(
                other,
                PngEncoder.packLike(other, file, blocks, firstRow, endRow).zlib());
    }

    private boolean isRowEqual(RgbImage other, int y) {
        int from = image.index(0, y);
        int end = image.index(image.width(), y);
        return Arrays.equals(image.rgb(), from, end, other.rgb(), from, end);
    }
}
