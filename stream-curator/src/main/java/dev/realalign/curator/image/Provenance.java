package dev.realalign.curator.image;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * What a file says about where it came from, taken from the places its format has for such statements and from nowhere
 * else: bytes in a comment, in picture data or behind the end of the picture state nothing.
 *
 * @param xmp the XMP packet (ISO 16684-1), where the file has one
 * @param jumbf the JUMBF boxes (ISO/IEC 19566-5) that hold content credentials, where the file has them
 * @param texts texts of a PNG by keyword, in their order
 */
public record Provenance(Optional<byte[]> xmp, Optional<byte[]> jumbf, Map<String, String> texts) {

    /** A file that says nothing. */
    public static final Provenance NONE = new Provenance(Optional.empty(), Optional.empty(), Map.of());

    /** Larger packets are not looked into: no editor writes them. */
    static final int MAX_XMP_BYTES = 1 << 20;

    private static final int MAX_TEXTS = 64;
    private static final int MAX_JUMBF_BYTES = 16 << 20;

    /** Whether the file says nothing. */
    public boolean isEmpty() {
        return xmp.isEmpty() && jumbf.isEmpty() && texts.isEmpty();
    }

    /** Gathers what a file says while it is walked; the first statement of each kind counts. */
    static final class Collector {
        private Optional<byte[]> xmp = Optional.empty();
        private Optional<byte[]> jumbf = Optional.empty();
        private final Map<String, String> texts = new LinkedHashMap<>();

        void xmp(byte[] packet) {
            if (xmp.isEmpty() && packet.length <= MAX_XMP_BYTES) {
                xmp = Optional.of(packet);
            }
        }

        void jumbf(byte[] boxes) {
            if (jumbf.isEmpty() && boxes.length <= MAX_JUMBF_BYTES) {
                jumbf = Optional.of(boxes);
            }
        }

        void text(String keyword, String text) {
            if (texts.size() < MAX_TEXTS) {
                texts.putIfAbsent(keyword, text);
            }
        }

        Provenance provenance() {
            return xmp.isEmpty() && jumbf.isEmpty() && texts.isEmpty() ? NONE : new Provenance(xmp, jumbf, texts);
        }
    }
}
