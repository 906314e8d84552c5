package dev.realalign.schemas;

import java.nio.ByteBuffer;

/**
 * Identity of an image: the SHA-256 of its original bytes, so that the same picture has the same name everywhere.
 *
 * @param hex 64 lower-case hexadecimal digits; the key of every image topic
 */
public record ImageId(String hex) implements Comparable<ImageId> {
    /** Refuses anything but 64 lower-case hexadecimal digits. */
    public ImageId {
        Sha256.requireHex("an image id", hex);
    }

    /** The id of these original bytes. */
    public static ImageId of(byte[] original) {
        return new ImageId(Sha256.hex(original));
    }

    /** The id of the remaining bytes; the buffer's position stays where it is. */
    public static ImageId of(ByteBuffer original) {
        return new ImageId(Sha256.hex(original));
    }

    /** Whether the text is an image id. */
    public static boolean isValid(String text) {
        return Sha256.isHex(text);
    }

    @Override
    public int compareTo(ImageId other) {
        return hex.compareTo(other.hex);
    }

    /** The hexadecimal digits. */
    @Override
    public String toString() {
        return hex;
    }
}
