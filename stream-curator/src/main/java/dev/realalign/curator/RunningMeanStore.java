package dev.realalign.curator;

import dev.realalign.curator.gate.RunningMean;
import java.nio.ByteBuffer;
import java.util.Optional;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;
import org.jspecify.annotations.Nullable;

/**
 * Running means in a Kafka Streams store: one entry a partition, 16 bytes, replaced by every picture that is measured
 * and written to the changelog once a commit.
 */
final class RunningMeanStore implements RunningMeans {
    /** Name of the store, and part of the name of its changelog topic. */
    static final String NAME = "running-means";

    private static final String COLOURFULNESS = "colourfulness";
    private static final Serde<RunningMean> MEANS =
            Serdes.serdeFrom((topic, mean) -> bytes(mean), (topic, bytes) -> mean(bytes));

    private final KeyValueStore<String, RunningMean> store;

    RunningMeanStore(KeyValueStore<String, RunningMean> store) {
        this.store = store;
    }

    /** The store, for the topology. */
    static StoreBuilder<KeyValueStore<String, RunningMean>> builder() {
        return Stores.keyValueStoreBuilder(Stores.inMemoryKeyValueStore(NAME), Serdes.String(), MEANS)
                .withCachingEnabled()
                .withLoggingEnabled(CuratorConfig.changelogSettings());
    }

    @Override
    public Optional<RunningMean> colourfulness() {
        return Optional.ofNullable(store.get(COLOURFULNESS));
    }

    @Override
    public void setColourfulness(RunningMean mean) {
        store.put(COLOURFULNESS, mean);
    }

    private static byte @Nullable [] bytes(@Nullable RunningMean mean) {
        return mean == null
                ? null
                : ByteBuffer.allocate(Double.BYTES + Long.BYTES)
                        .putDouble(mean.mean())
                        .putLong(mean.images())
                        .array();
    }

    private static @Nullable RunningMean mean(byte @Nullable [] bytes) {
        if (bytes == null) {
            return null;
        }
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        return new RunningMean(buffer.getDouble(), buffer.getLong());
    }
}
