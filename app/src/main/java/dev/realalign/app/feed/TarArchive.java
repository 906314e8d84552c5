package dev.realalign.app.feed;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * An uncompressed tar file (POSIX.1-2001 pax, ustar, and GNU's long names), such as a shard of a webdataset. Its headers
 * are read once; of two files of the same name the last counts, as when it is unpacked.
 */
final class TarArchive implements Archive {
    private static final int BLOCK = 512;
    private static final int LONGEST_NAME_RECORD = 1 << 20;

    private final FileChannel file;
    private final Map<String, Extent> extents = new TreeMap<>();

    private record Extent(long offset, long size) {}

    TarArchive(Path path) throws IOException {
        file = FileChannel.open(path);
        try {
            index();
        } catch (IOException | RuntimeException e) {
            file.close();
            throw e;
        }
    }

    private void index() throws IOException {
        long at = 0;
        @Nullable String longName = null;
        Map<String, String> pax = new HashMap<>();
        while (at + BLOCK <= file.size()) {
            byte[] header = bytes(at, BLOCK);
            if (isZero(header)) {
                return;
            }
            requireChecksum(header, at);
            long size = pax.containsKey("size") ? decimal(pax.get("size")) : number(header, 124, 12);
            long content = at + BLOCK;
            if (size < 0 || content + size > file.size()) {
                throw new IOException("the file ends inside the entry at byte " + at);
            }
            switch (header[156]) {
                case 'L' -> longName = text(record(content, size), 0, (int) size);
                case 'x' -> pax = paxRecords(record(content, size));
                case 'g' -> {
                    // facts about the whole archive, none of them a name
                }
                default -> {
                    if (header[156] == '0' || header[156] == 0 || header[156] == '7') {
                        String name = pax.getOrDefault("path", longName == null ? ustarName(header) : longName);
                        if (!name.endsWith("/")) {
                            extents.put(CaptionRows.plainName(name), new Extent(content, size));
                        }
                    }
                    longName = null;
                    pax = new HashMap<>();
                }
            }
            at = content + (size + BLOCK - 1) / BLOCK * BLOCK;
        }
        if (at == 0) {
            throw new IOException("it has no header");
        }
    }

    private byte[] record(long at, long size) throws IOException {
        if (size > LONGEST_NAME_RECORD) {
            throw new IOException("the name at byte " + at + " has " + size + " bytes");
        }
        return bytes(at, (int) size);
    }

    private byte[] bytes(long at, int count) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(count);
        while (buffer.hasRemaining()) {
            if (file.read(buffer, at + buffer.position()) < 0) {
                throw new IOException("the file ends after " + file.size() + " bytes");
            }
        }
        return buffer.array();
    }

    /** The sum of the header's bytes with its own field as spaces. */
    private static void requireChecksum(byte[] header, long at) throws IOException {
        long sum = 0;
        for (int i = 0; i < BLOCK; i++) {
            sum += i >= 148 && i < 156 ? ' ' : header[i] & 0xFF;
        }
        if (sum != number(header, 148, 8)) {
            throw new IOException("there is no tar header at byte " + at);
        }
    }

    /** Octal digits, or base 256 when the first bit is set (GNU, for more than 8 GiB). */
    private static long number(byte[] header, int from, int length) throws IOException {
        if ((header[from] & 0x80) != 0) {
            long value = header[from] & 0x7F;
            for (int i = from + 1; i < from + length; i++) {
                value = value << 8 | (header[i] & 0xFF);
            }
            return value;
        }
        String digits = text(header, from, length).strip();
        try {
            return digits.isEmpty() ? 0 : Long.parseLong(digits, 8);
        } catch (NumberFormatException e) {
            throw new IOException("\"" + digits + "\" is no octal number", e);
        }
    }

    private static long decimal(String digits) throws IOException {
        try {
            return Long.parseLong(digits);
        } catch (NumberFormatException e) {
            throw new IOException("\"" + digits + "\" is no size", e);
        }
    }

    private static String ustarName(byte[] header) {
        String name = text(header, 0, 100);
        String prefix = text(header, 257, 5).equals("ustar") && header[262] == 0 ? text(header, 345, 155) : "";
        return prefix.isEmpty() ? name : prefix + "/" + name;
    }

    /** Up to the first zero. */
    private static String text(byte[] bytes, int from, int length) {
        int end = from;
        while (end < from + length && bytes[end] != 0) {
            end++;
        }
        return new String(bytes, from, end - from, StandardCharsets.UTF_8);
    }

    /** Records of "LENGTH NAME=VALUE\n", where the length counts itself. */
    private static Map<String, String> paxRecords(byte[] records) throws IOException {
        Map<String, String> pax = new HashMap<>();
        int at = 0;
        while (at < records.length) {
            int space = at;
            while (space < records.length && records[space] != ' ') {
                space++;
            }
            long length = decimal(new String(records, at, space - at, StandardCharsets.US_ASCII));
            if (length <= space - at + 1 || at + length > records.length) {
                throw new IOException("a pax record of " + length + " bytes does not fit");
            }
            String record = new String(records, space + 1, (int) (at + length) - space - 2, StandardCharsets.UTF_8);
            int equals = record.indexOf('=');
            if (equals > 0) {
                pax.put(record.substring(0, equals), record.substring(equals + 1));
            }
            at += (int) length;
        }
        return pax;
    }

    private static boolean isZero(byte[] block) {
        for (byte b : block) {
            if (b != 0) {
                return false;
            }
        }
        return true;
    }

    @Override
    public List<String> names() {
        return List.copyOf(extents.keySet());
    }

    @Override
    public InputStream open(String name) throws IOException {
        Extent extent = extents.get(name);
        if (extent == null) {
            throw new IOException("the archive has no entry " + name);
        }
        return new ExtentStream(extent);
    }

    @Override
    public void close() throws IOException {
        file.close();
    }

    /** Reads one file at its own pace; several may be open at once. */
    private final class ExtentStream extends InputStream {
        private final long end;
        private long at;

        ExtentStream(Extent extent) {
            at = extent.offset;
            end = extent.offset + extent.size;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
        }

        @Override
        public int read(byte[] into, int from, int length) throws IOException {
            if (length == 0) {
                return 0;
            }
            if (at >= end) {
                return -1;
            }
            int count = file.read(ByteBuffer.wrap(into, from, (int) Math.min(length, end - at)), at);
            if (count < 0) {
                throw new IOException("the archive became shorter while it was read");
            }
            at += count;
            return count;
        }
    }
}
