package dev.realalign.curator.image;

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Optional;
import java.util.Set;

/**
 * The file types that can become training images. The first bytes decide, never a file name or a declared media type.
 */
public enum ImageType {
    JPEG,
    PNG,
    GIF,
    WEBP,
    BMP,
    TIFF;

    /**
     * Sizes of the information header of all BMP versions: OS/2 1, Windows 3, its two extensions by Adobe, OS/2 2, V4,
     * V5.
     */
    private static final Set<Integer> BMP_HEADER_SIZES = Set.of(12, 40, 52, 56, 64, 108, 124);

    private static final int BYTES_SHOWN = 12;

    /** The type that the first bytes announce; empty for any other file. */
    public static Optional<ImageType> detect(byte[] file) {
        if (startsWith(file, 0, 0xFF, 0xD8, 0xFF)) {
            return Optional.of(JPEG);
        }
        if (startsWith(file, 0, 0x89, 'P', 'N', 'G')) {
            return Optional.of(PNG);
        }
        if (startsWith(file, 0, 'G', 'I', 'F', '8', '7', 'a') || startsWith(file, 0, 'G', 'I', 'F', '8', '9', 'a')) {
            return Optional.of(GIF);
        }
        if (startsWith(file, 0, 'R', 'I', 'F', 'F') && startsWith(file, 8, 'W', 'E', 'B', 'P')) {
            return Optional.of(WEBP);
        }
        if (startsWith(file, 0, 'I', 'I', 42, 0) || startsWith(file, 0, 'M', 'M', 0, 42)) {
            return Optional.of(TIFF);
        }
        if (startsWith(file, 0, 'B', 'M')
                && file.length >= 18
                && BMP_HEADER_SIZES.contains(littleEndianInt(file, 14))) {
            return Optional.of(BMP);
        }
        return Optional.empty();
    }

    /** What a file that is none of these looks like, for the evidence of a rejection. */
    public static String describeUnknown(byte[] file) {
        return knownStranger(file)
                .map(name -> "looks like " + name)
                .orElseGet(() -> "starts with the bytes "
                        + HexFormat.ofDelimiter(" ").formatHex(file, 0, Math.min(BYTES_SHOWN, file.length)));
    }

    private static Optional<String> knownStranger(byte[] file) {
        if (startsWith(file, 4, 'f', 't', 'y', 'p') && file.length >= 12) {
            String brand = new String(file, 8, 4, StandardCharsets.US_ASCII).replaceAll("[^ -~]", "?");
            return Optional.of("an ISO media file (HEIF, AVIF or video, brand \"" + brand + "\")");
        }
        if (startsWith(file, 0, 'I', 'I', 43, 0) || startsWith(file, 0, 'M', 'M', 0, 43)) {
            return Optional.of("BigTIFF");
        }
        if (startsWith(file, 0, '8', 'B', 'P', 'S')) {
            return Optional.of("a Photoshop document");
        }
        if (startsWith(file, 0, 0, 0, 0, 12, 'J', 'X', 'L', ' ') || startsWith(file, 0, 0xFF, 0x0A)) {
            return Optional.of("JPEG XL");
        }
        if (startsWith(file, 0, 0, 0, 0, 12, 'j', 'P', ' ', ' ') || startsWith(file, 0, 0xFF, 0x4F, 0xFF, 0x51)) {
            return Optional.of("JPEG 2000");
        }
        if (startsWith(file, 0, '%', 'P', 'D', 'F')) {
            return Optional.of("PDF");
        }
        if (startsWith(file, 0, 'P', 'K', 3, 4)) {
            return Optional.of("a zip archive");
        }
        if (startsWith(file, 0, '<')) {
            return Optional.of("HTML, SVG or XML text");
        }
        return Optional.empty();
    }

    private static boolean startsWith(byte[] file, int from, int... expected) {
        if (file.length < from + expected.length) {
            return false;
        }
        for (int i = 0; i < expected.length; i++) {
            if ((file[from + i] & 0xFF) != expected[i]) {
                return false;
            }
        }
        return true;
    }

    private static int littleEndianInt(byte[] file, int at) {
        return (file[at] & 0xFF)
                | (file[at + 1] & 0xFF) << 8
                | (file[at + 2] & 0xFF) << 16
                | (file[at + 3] & 0xFF) << 24;
    }
}
