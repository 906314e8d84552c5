package dev.realalign.curator;

import dev.realalign.schemas.RecordPosition;
import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.Optional;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;
import org.jspecify.annotations.Nullable;

/**
 * First records in a Kafka Streams store: image id (32 bytes) to partition and offset (12 bytes), never forgotten,
 * since a picture is a duplicate however late it comes again.
 */
final class FirstSeenStore implements FirstSeen {
    /** Name of the store, and part of the name of its changelog topic. */
    static final String NAME = "first-seen";

    private static final Serde<String> IMAGE_IDS =
            Serdes.serdeFrom((topic, id) -> HexFormat.of().parseHex(id), (topic, bytes) -> HexFormat.of()
                    .formatHex(bytes));
    private static final Serde<RecordPosition> POSITIONS =
            Serdes.serdeFrom((topic, position) -> bytes(position), (topic, bytes) -> position(bytes));

    private final KeyValueStore<String, RecordPosition> store;

    FirstSeenStore(KeyValueStore<String, RecordPosition> store) {
        this.store = store;
    }

    /** The store, for the topology. */
    static StoreBuilder<KeyValueStore<String, RecordPosition>> builder() {
        return Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore(NAME), IMAGE_IDS, POSITIONS)
                .withLoggingEnabled(CuratorConfig.changelogSettings());
    }

    @Override
    public Optional<RecordPosition> before(String imageId, RecordPosition position) {
        return Optional.ofNullable(store.putIfAbsent(imageId, position)).filter(first -> !first.equals(position));
    }

    private static byte @Nullable [] bytes(@Nullable RecordPosition position) {
        return position == null
                ? null
                : ByteBuffer.allocate(Integer.BYTES + Long.BYTES)
                        .putInt(position.getPartition())
                        .putLong(position.getOffset())
                        .array();
    }

    private static @Nullable RecordPosition position(byte @Nullable [] bytes) {
        if (bytes == null) {
            return null;
        }
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        return new RecordPosition(buffer.getInt(), buffer.getLong());
    }
}
