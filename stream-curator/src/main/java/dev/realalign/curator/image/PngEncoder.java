package dev.realalign.curator.image;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;
import java.util.zip.Deflater;

/**
 * The encoder that both halves of every pair end in: 8-bit RGB PNG (ISO/IEC 15948) with nothing but the necessary
 * chunks. One encoder for both, or a model could tell them apart by the codec.
 *
 * <p>Each row takes the filter of the smallest sum of absolute values, the standard's own heuristic. The same picture
 * makes the same bytes wherever the same zlib is at work; the pixels are the same everywhere.
 */
public final class PngEncoder {

    /** Photographs hardly get smaller beyond this level, but take several times as long. */
    private static final int DEFLATE_LEVEL = 4;

    private static final int COLOUR_TYPE_RGB = 2;
    private static final int FILTERS = 5;

    private PngEncoder() {}

    /** The picture as a PNG file. */
    public static byte[] encode(RgbImage image) {
        ByteArrayOutputStream file = new ByteArrayOutputStream(image.rgb().length / 2 + 128);
        file.writeBytes(PngContainer.SIGNATURE);
        chunk(file, "IHDR", header(image));
        chunk(file, "IDAT", deflate(filter(image)));
        chunk(file, "IEND", new byte[0]);
        return file.toByteArray();
    }

    private static byte[] header(RgbImage image) {
        return ByteBuffer.allocate(13)
                .putInt(image.width())
                .putInt(image.height())
                .put((byte) 8)
                .put((byte) COLOUR_TYPE_RGB)
                .array();
    }

    private static byte[] filter(RgbImage image) {
        int rowBytes = image.width() * RgbImage.CHANNELS;
        byte[] filtered = new byte[image.height() * (rowBytes + 1)];
        byte[][] candidates = new byte[FILTERS][rowBytes];
        for (int y = 0; y < image.height(); y++) {
            int best = filterRow(image.rgb(), y * rowBytes, rowBytes, y == 0, candidates);
            int at = y * (rowBytes + 1);
            filtered[at] = (byte) best;
            System.arraycopy(candidates[best], 0, filtered, at + 1, rowBytes);
        }
        return filtered;
    }

    /** Fills the five candidates for a row and returns the one with the smallest sum of absolute values. */
    private static int filterRow(byte[] rgb, int at, int rowBytes, boolean firstRow, byte[][] candidates) {
        long sumNone = 0;
        long sumSub = 0;
        long sumUp = 0;
        long sumAverage = 0;
        long sumPaeth = 0;
        byte[] none = candidates[0];
        byte[] sub = candidates[1];
        byte[] up = candidates[2];
        byte[] average = candidates[3];
        byte[] paeth = candidates[4];
        for (int i = 0; i < rowBytes; i++) {
            int value = rgb[at + i] & 0xFF;
            int left = i < RgbImage.CHANNELS ? 0 : rgb[at + i - RgbImage.CHANNELS] & 0xFF;
            int above = firstRow ? 0 : rgb[at + i - rowBytes] & 0xFF;
            int aboveLeft = firstRow || i < RgbImage.CHANNELS ? 0 : rgb[at + i - rowBytes - RgbImage.CHANNELS] & 0xFF;
            none[i] = (byte) value;
            sub[i] = (byte) (value - left);
            up[i] = (byte) (value - above);
            average[i] = (byte) (value - ((left + above) >> 1));
            paeth[i] = (byte) (value - paethPredictor(left, above, aboveLeft));
            sumNone += Math.abs(none[i]);
            sumSub += Math.abs(sub[i]);
            sumUp += Math.abs(up[i]);
            sumAverage += Math.abs(average[i]);
            sumPaeth += Math.abs(paeth[i]);
        }
        long[] sums = {sumNone, sumSub, sumUp, sumAverage, sumPaeth};
        int best = 0;
        for (int i = 1; i < FILTERS; i++) {
            best = sums[i] < sums[best] ? i : best;
        }
        return best;
    }

    private static int paethPredictor(int left, int above, int aboveLeft) {
        int toLeft = Math.abs(above - aboveLeft);
        int toAbove = Math.abs(left - aboveLeft);
        int toAboveLeft = Math.abs(left + above - 2 * aboveLeft);
        if (toLeft <= toAbove && toLeft <= toAboveLeft) {
            return left;
        }
        return toAbove <= toAboveLeft ? above : aboveLeft;
    }

    private static byte[] deflate(byte[] filtered) {
        Deflater deflater = new Deflater(DEFLATE_LEVEL);
        try {
            deflater.setStrategy(Deflater.FILTERED);
            deflater.setInput(filtered);
            deflater.finish();
            ByteArrayOutputStream packed = new ByteArrayOutputStream(filtered.length / 2 + 64);
            byte[] part = new byte[Math.min(filtered.length + 64, 1 << 16)];
            while (!deflater.finished()) {
                packed.write(part, 0, deflater.deflate(part));
            }
            return packed.toByteArray();
        } finally {
            deflater.end();
        }
    }

    private static void chunk(ByteArrayOutputStream file, String type, byte[] data) {
        byte[] name = type.getBytes(StandardCharsets.US_ASCII);
        CRC32 crc = new CRC32();
        crc.update(name);
        crc.update(data);
        file.writeBytes(ByteBuffer.allocate(4).putInt(data.length).array());
        file.writeBytes(name);
        file.writeBytes(data);
        file.writeBytes(ByteBuffer.allocate(4).putInt((int) crc.getValue()).array());
    }
}
