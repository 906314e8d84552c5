package dev.realalign.curator;

import dev.realalign.curator.pair.RankWindows;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;
import org.jspecify.annotations.Nullable;

/**
 * The last values of every ranking in a Kafka Streams store: a ring of slots of 16 bytes for each measure, one of them
 * overwritten by each pair. It holds as many values as the largest window it was ever asked for.
 */
final class RankWindowStore implements RankWindows {
    /** Name of the store, and part of the name of its changelog topic. */
    static final String NAME = "rank-windows";

    private static final char BEFORE_SLOT = '/';
    private static final char BEHIND_SLOTS = BEFORE_SLOT + 1;
    private static final Serde<Ranked> RANKED =
            Serdes.serdeFrom((topic, ranked) -> bytes(ranked), (topic, bytes) -> ranked(bytes));

    private final KeyValueStore<String, Ranked> store;

    /**
     * A value in its slot.
     *
     * @param number how many values came before it, which tells the last ones from older ones
     * @param value the value
     */
    record Ranked(long number, double value) {}

    RankWindowStore(KeyValueStore<String, Ranked> store) {
        this.store = store;
    }

    /** The store, for the topology. */
    static StoreBuilder<KeyValueStore<String, Ranked>> builder() {
        return Stores.keyValueStoreBuilder(Stores.inMemoryKeyValueStore(NAME), Serdes.String(), RANKED)
                .withLoggingEnabled(CuratorConfig.changelogSettings());
    }

    @Override
    public double[] last(String by, int most) {
        List<Ranked> slots = slots(by);
        long oldest = next(slots) - most;
        return slots.stream()
                .filter(slot -> slot.number >= oldest)
                .mapToDouble(Ranked::value)
                .toArray();
    }

    @Override
    public void add(String by, double value, int most) {
        long number = next(slots(by));
        store.put(by + BEFORE_SLOT + number % most, new Ranked(number, value));
    }

    private static long next(List<Ranked> slots) {
        return slots.stream().mapToLong(slot -> slot.number + 1).max().orElse(0);
    }

    private List<Ranked> slots(String by) {
        List<Ranked> slots = new ArrayList<>();
        try (KeyValueIterator<String, Ranked> found = store.range(by + BEFORE_SLOT, by + BEHIND_SLOTS)) {
            while (found.hasNext()) {
                KeyValue<String, Ranked> slot = found.next();
                slots.add(slot.value);
            }
        }
        return slots;
    }

    private static byte @Nullable [] bytes(@Nullable Ranked ranked) {
        return ranked == null
                ? null
                : ByteBuffer.allocate(Long.BYTES + Double.BYTES)
                        .putLong(ranked.number)
                        .putDouble(ranked.value)
                        .array();
    }

    private static @Nullable Ranked ranked(byte @Nullable [] bytes) {
        if (bytes == null) {
            return null;
        }
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        return new Ranked(buffer.getLong(), buffer.getDouble());
    }
}
