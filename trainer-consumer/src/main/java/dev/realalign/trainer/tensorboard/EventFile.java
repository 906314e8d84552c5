package dev.realalign.trainer.tensorboard;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.Map;
import java.util.SortedMap;
import java.util.zip.CRC32C;

/**
 * An event file: records in TensorFlow's TFRecord framing, each a {@code tensorflow.Event} (event.proto, summary.proto and
 * tensor.proto of TensorFlow). Every event is in the file when the call returns.
 */
final class EventFile implements AutoCloseable {
    private static final int MASK_DELTA = 0xa282ead8;

    private static final int EVENT_WALL_TIME = 1;
    private static final int EVENT_STEP = 2;
    private static final int EVENT_FILE_VERSION = 3;
    private static final int EVENT_SUMMARY = 5;
    private static final int EVENT_SESSION_LOG = 7;
    private static final int SUMMARY_VALUE = 1;
    private static final int VALUE_TAG = 1;
    private static final int VALUE_SIMPLE = 2;
    private static final int VALUE_TENSOR = 8;
    private static final int VALUE_METADATA = 9;
    private static final int METADATA_PLUGIN_DATA = 1;
    private static final int METADATA_DATA_CLASS = 4;
    private static final int PLUGIN_NAME = 1;
    private static final int TENSOR_TYPE = 1;
    private static final int TENSOR_SHAPE = 2;
    private static final int TENSOR_STRINGS = 8;
    private static final int SESSION_STATUS = 1;

    private static final int DATA_CLASS_TENSOR = 2;
    private static final int DT_STRING = 7;
    private static final int SESSION_START = 1;
    private static final String VERSION = "brain.Event:2";

    private final OutputStream out;

    /**
     * Begins a file.
     *
     * @param file must not exist
     * @param nextStep the next step that will be written: whatever a file before holds of it and of later steps is void,
     *     since a trainer that starts again repeats steps
     * @throws IOException if it exists or cannot be written
     */
    EventFile(Path file, Instant now, long nextStep) throws IOException {
        out = Files.newOutputStream(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        write(event(now, 0).text(EVENT_FILE_VERSION, VERSION));
        write(event(now, nextStep)
                .message(EVENT_SESSION_LOG, new ProtoMessage().varint(SESSION_STATUS, SESSION_START)));
    }

    /** Numbers of a step by tag. */
    void scalars(Instant now, long step, SortedMap<String, Double> values) throws IOException {
        ProtoMessage summary = new ProtoMessage();
        for (Map.Entry<String, Double> value : values.entrySet()) {
            summary.message(
                    SUMMARY_VALUE,
                    new ProtoMessage()
                            .text(VALUE_TAG, value.getKey())
                            .fixed32(VALUE_SIMPLE, value.getValue().floatValue()));
        }
        write(event(now, step).message(EVENT_SUMMARY, summary));
    }

    /** A text, shown as Markdown. */
    void text(Instant now, long step, String tag, String markdown) throws IOException {
        ProtoMessage metadata = new ProtoMessage()
                .message(METADATA_PLUGIN_DATA, new ProtoMessage().text(PLUGIN_NAME, "text"))
                .varint(METADATA_DATA_CLASS, DATA_CLASS_TENSOR);
        ProtoMessage tensor = new ProtoMessage()
                .varint(TENSOR_TYPE, DT_STRING)
                .message(TENSOR_SHAPE, new ProtoMessage())
                .text(TENSOR_STRINGS, markdown);
        ProtoMessage value = new ProtoMessage()
                .text(VALUE_TAG, tag)
                .message(VALUE_TENSOR, tensor)
                .message(VALUE_METADATA, metadata);
        write(event(now, step).message(EVENT_SUMMARY, new ProtoMessage().message(SUMMARY_VALUE, value)));
    }

    private static ProtoMessage event(Instant now, long step) {
        return new ProtoMessage()
                .fixed64(EVENT_WALL_TIME, now.getEpochSecond() + now.getNano() / 1e9)
                .varint(EVENT_STEP, step);
    }

    /** Length, its checksum, the event, its checksum; little-endian. */
    private void write(ProtoMessage event) throws IOException {
        byte[] data = event.toBytes();
        ByteBuffer record = ByteBuffer.allocate(Long.BYTES + Integer.BYTES + data.length + Integer.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN);
        record.putLong(data.length);
        record.putInt(maskedCrc(record.array(), 0, Long.BYTES));
        record.put(data);
        record.putInt(maskedCrc(data, 0, data.length));
        out.write(record.array());
    }

    /** CRC-32C, rotated and shifted, as TensorFlow masks it. */
    static int maskedCrc(byte[] bytes, int offset, int length) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, offset, length);
        return Integer.rotateRight((int) crc.getValue(), 15) + MASK_DELTA;
    }

    @Override
    public void close() throws IOException {
        out.close();
    }
}
