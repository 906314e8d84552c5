package dev.realalign.app.feed;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;

/** Writes tar entries for tests, by the POSIX.1-2001 layout. */
final class Tars {
    private Tars() {}

    /** A file, its name in a pax record or in the header. */
    static byte[] entry(String name, byte[] content, boolean pax) {
        ByteArrayOutputStream entry = new ByteArrayOutputStream();
        if (pax) {
            String rest = " path=" + name + "\n";
            int length = rest.getBytes(UTF_8).length + 2;
            entry.writeBytes(block(header("PaxHeader", 'x', length), (length + rest).getBytes(UTF_8)));
        }
        entry.writeBytes(block(header(pax ? "shortened" : name, '0', content.length), content));
        return entry.toByteArray();
    }

    /** A header with a right checksum. */
    static byte[] header(String name, char type, long size) {
        byte[] header = new byte[512];
        put(header, 0, name);
        put(header, 100, "0000644\0");
        put(header, 124, "%011o".formatted(size));
        put(header, 156, String.valueOf(type));
        put(header, 257, "ustar\00000");
        put(header, 148, "        ");
        int sum = 0;
        for (byte b : header) {
            sum += b & 0xFF;
        }
        put(header, 148, "%06o\0 ".formatted(sum));
        return header;
    }

    /** A header and its content, filled up to whole blocks. */
    static byte[] block(byte[] header, byte[] content) {
        ByteArrayOutputStream block = new ByteArrayOutputStream();
        block.writeBytes(header);
        block.writeBytes(content);
        block.writeBytes(new byte[(512 - content.length % 512) % 512]);
        return block.toByteArray();
    }

    private static void put(byte[] header, int at, String text) {
        byte[] bytes = text.getBytes(US_ASCII);
        System.arraycopy(bytes, 0, header, at, bytes.length);
    }
}
