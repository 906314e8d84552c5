package dev.realalign.trainer.tensorboard;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads event files without knowing the writer: the checksum is computed bit by bit from its polynomial, the messages are
 * walked by wire type.
 */
final class EventReader {
    private EventReader() {}

    /** A field of a message: a Long, Double, Float or byte[] by wire type. */
    record Field(int number, Object value) {
        String text() {
            return new String((byte[]) value, StandardCharsets.UTF_8);
        }

        List<Field> fields() {
            return EventReader.fields((byte[]) value);
        }
    }

    /** The events of a file, in order; fails where a length or a checksum does not fit. */
    static List<List<Field>> read(Path file) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        List<List<Field>> events = new ArrayList<>();
        while (bytes.hasRemaining()) {
            byte[] length = new byte[8];
            bytes.get(length);
            require(bytes.getInt(), length);
            byte[] data = new byte
                    [Math.toIntExact(ByteBuffer.wrap(length)
                            .order(ByteOrder.LITTLE_ENDIAN)
                            .getLong())];
            bytes.get(data);
            require(bytes.getInt(), data);
            events.add(fields(data));
        }
        return events;
    }

    private static void require(int stored, byte[] bytes) throws IOException {
        int crc = crc32c(bytes);
        int masked = ((crc >>> 15) | (crc << 17)) + 0xa282ead8;
        if (stored != masked) {
            throw new IOException("checksum " + stored + " is not " + masked);
        }
    }

    /** Castagnoli's polynomial, reflected. */
    static int crc32c(byte[] bytes) {
        int crc = ~0;
        for (byte b : bytes) {
            crc ^= b & 0xFF;
            for (int bit = 0; bit < 8; bit++) {
                crc = (crc >>> 1) ^ ((crc & 1) == 0 ? 0 : 0x82F63B78);
            }
        }
        return ~crc;
    }

    static List<Field> fields(byte[] message) {
        ByteBuffer bytes = ByteBuffer.wrap(message).order(ByteOrder.LITTLE_ENDIAN);
        List<Field> fields = new ArrayList<>();
        while (bytes.hasRemaining()) {
            long tag = varint(bytes);
            int number = (int) (tag >>> 3);
            fields.add(new Field(
                    number,
                    switch ((int) (tag & 7)) {
                        case 0 -> (Object) varint(bytes);
                        case 1 -> bytes.getDouble();
                        case 2 -> {
                            byte[] data = new byte[(int) varint(bytes)];
                            bytes.get(data);
                            yield data;
                        }
                        case 5 -> bytes.getFloat();
                        default -> throw new IllegalArgumentException("no such wire type in tag " + tag);
                    }));
        }
        return fields;
    }

    private static long varint(ByteBuffer bytes) {
        long value = 0;
        for (int shift = 0; ; shift += 7) {
            byte next = bytes.get();
            value |= (next & 0x7FL) << shift;
            if (next >= 0) {
                return value;
            }
        }
    }
}
