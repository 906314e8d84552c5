package dev.realalign.curator;

import dev.realalign.schemas.RecordPosition;
import dev.realalign.schemas.WaitingImage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;
import org.jspecify.annotations.Nullable;

/**
 * Images that wait, in two Kafka Streams stores: {@code pending} by record, and {@code deadlines} by time (big-endian
 * milliseconds, then the record), so that those whose time is up are found without looking at the others.
 */
final class WaitingStore {
    private static final String PENDING = "pending";
    private static final String DEADLINES = "deadlines";
    private static final int POSITION_BYTES = Integer.BYTES + Long.BYTES;
    private static final byte[] NOTHING = {};

    private static final Serde<WaitingImage> IMAGES =
            Serdes.serdeFrom((topic, image) -> bytes(image), (topic, bytes) -> image(bytes));

    private final KeyValueStore<Bytes, WaitingImage> pending;
    private final KeyValueStore<Bytes, byte[]> deadlines;

    WaitingStore(ProcessorContext<?, ?> context) {
        this.pending = context.getStateStore(PENDING);
        this.deadlines = context.getStateStore(DEADLINES);
    }

    /** The stores, for the topology. */
    static Set<StoreBuilder<?>> builders() {
        return Set.of(
                Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore(PENDING), Serdes.Bytes(), IMAGES)
                        .withLoggingEnabled(CuratorConfig.changelogSettings()),
                Stores.keyValueStoreBuilder(
                                Stores.persistentKeyValueStore(DEADLINES), Serdes.Bytes(), Serdes.ByteArray())
                        .withLoggingEnabled(CuratorConfig.changelogSettings()));
    }

    /** Keeps an image, anew or over what was known of it. */
    void put(WaitingImage image) {
        pending.put(key(image.getRecord()), image);
    }

    /** Keeps an image, to be found when its deadline has come. */
    void putWithDeadline(WaitingImage image) {
        put(image);
        deadlines.put(key(image.getDeadline(), image.getRecord()), NOTHING);
    }

    Optional<WaitingImage> get(RecordPosition record) {
        return Optional.ofNullable(pending.get(key(record)));
    }

    /** Forgets an image. */
    void remove(WaitingImage image) {
        pending.delete(key(image.getRecord()));
        deadlines.delete(key(image.getDeadline(), image.getRecord()));
    }

    /**
     * Images whose deadline has come, the longest overdue first.
     *
     * @param most at most so many
     */
    List<WaitingImage> overdue(Instant now, int most) {
        List<WaitingImage> overdue = new ArrayList<>();
        // one millisecond more, without a record, stands behind every record of this one
        Bytes end = Bytes.wrap(
                ByteBuffer.allocate(Long.BYTES).putLong(now.toEpochMilli() + 1).array());
        try (KeyValueIterator<Bytes, byte[]> entries = deadlines.range(null, end)) {
            while (entries.hasNext() && overdue.size() < most) {
                KeyValue<Bytes, byte[]> entry = entries.next();
                ByteBuffer key = ByteBuffer.wrap(entry.key.get());
                key.getLong();
                overdue.add(get(new RecordPosition(key.getInt(), key.getLong())).orElseThrow());
            }
        }
        return overdue;
    }

    /**
     * Images that wait, in the order of their records.
     *
     * @param last the record after which they begin; empty for the first of all
     * @param most at most so many
     */
    List<WaitingImage> after(Optional<RecordPosition> last, int most) {
        List<WaitingImage> images = new ArrayList<>();
        // one byte more stands behind the record itself and before every other
        Bytes begin = last.map(record -> Bytes.wrap(
                        put(ByteBuffer.allocate(POSITION_BYTES + 1), record).array()))
                .orElse(null);
        try (KeyValueIterator<Bytes, WaitingImage> entries = pending.range(begin, null)) {
            while (entries.hasNext() && images.size() < most) {
                images.add(entries.next().value);
            }
        }
        return images;
    }

    private static Bytes key(RecordPosition record) {
        return Bytes.wrap(put(ByteBuffer.allocate(POSITION_BYTES), record).array());
    }

    private static Bytes key(Instant deadline, RecordPosition record) {
        ByteBuffer key = ByteBuffer.allocate(Long.BYTES + POSITION_BYTES).putLong(deadline.toEpochMilli());
        return Bytes.wrap(put(key, record).array());
    }

    private static ByteBuffer put(ByteBuffer buffer, RecordPosition record) {
        return buffer.putInt(record.getPartition()).putLong(record.getOffset());
    }

    private static byte @Nullable [] bytes(@Nullable WaitingImage image) {
        if (image == null) {
            return null;
        }
        try {
            ByteBuffer buffer = image.toByteBuffer();
            byte[] bytes = new byte[buffer.remaining()];
            buffer.get(bytes);
            return bytes;
        } catch (IOException e) {
            throw new UncheckedIOException("an image that waits cannot be written down", e);
        }
    }

    private static @Nullable WaitingImage image(byte @Nullable [] bytes) {
        if (bytes == null) {
            return null;
        }
        try {
            return WaitingImage.fromByteBuffer(ByteBuffer.wrap(bytes));
        } catch (IOException e) {
            throw new UncheckedIOException("the store of waiting images holds what this build cannot read", e);
        }
    }
}
