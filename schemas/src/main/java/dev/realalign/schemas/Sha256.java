package dev.realalign.schemas;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.regex.Pattern;

/** SHA-256 (FIPS 180-4) as this project writes it: 64 lower-case hexadecimal digits. */
public final class Sha256 {
    private static final Pattern HEX = Pattern.compile("[0-9a-f]{64}");
    private static final int BUFFER_BYTES = 64 * 1024;

    private Sha256() {}

    /** A fresh digest, for bytes that come in pieces; {@link #hex(MessageDigest)} ends it. */
    public static MessageDigest digest() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java runtime has SHA-256", e);
        }
    }

    /** Ends the digest and writes it in hexadecimal. */
    public static String hex(MessageDigest digest) {
        return HexFormat.of().formatHex(digest.digest());
    }

    /** SHA-256 of all the bytes. */
    public static String hex(byte[] bytes) {
        MessageDigest digest = digest();
        digest.update(bytes);
        return hex(digest);
    }

    /** SHA-256 of the remaining bytes; the buffer's position stays where it is. */
    public static String hex(ByteBuffer bytes) {
        MessageDigest digest = digest();
        digest.update(bytes.duplicate());
        return hex(digest);
    }

    /** SHA-256 of the rest of a stream, which is read to its end and left open. */
    public static String hex(InputStream stream) throws IOException {
        MessageDigest digest = digest();
        byte[] buffer = new byte[BUFFER_BYTES];
        for (int n = stream.read(buffer); n >= 0; n = stream.read(buffer)) {
            digest.update(buffer, 0, n);
        }
        return hex(digest);
    }

    /** SHA-256 of a file's bytes. */
    public static String hex(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            return hex(in);
        }
    }

    /** Whether the text is written as this class writes digests. */
    public static boolean isHex(String text) {
        return HEX.matcher(text).matches();
    }

    /**
     * The text itself, when it is a digest.
     *
     * @param what name of the thing, for the error
     * @throws IllegalArgumentException naming the thing and the form expected
     */
    public static String requireHex(String what, String text) {
        if (!isHex(text)) {
            throw new IllegalArgumentException(what + " must be 64 lower-case hexadecimal digits (SHA-256), not \""
                    + (text.length() > 80 ? text.substring(0, 80) + "…" : text) + "\"");
        }
        return text;
    }
}
