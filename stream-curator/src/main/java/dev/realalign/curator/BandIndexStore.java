package dev.realalign.curator;

import dev.realalign.curator.similar.BandIndex;
import dev.realalign.curator.similar.Bands;
import dev.realalign.curator.similar.PerceptualHash;
import dev.realalign.curator.similar.Place;
import dev.realalign.curator.similar.Place.State;
import dev.realalign.schemas.RecordPosition;
import dev.realalign.schemas.SimilarityQuestion;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;

/**
 * Places and parked questions in two Kafka Streams stores. {@code similar}: band (1 byte), its value (2), hash (8),
 * partition and offset of the record (12) to state (1), sequence (8) and image id (32), for ever. {@code similar-parked}:
 * band, value and sequence (8) to the question.
 */
final class BandIndexStore implements BandIndex {
    private static final String PLACES = "similar";
    private static final String PARKED = "similar-parked";
    private static final int BUCKET_BYTES = Byte.BYTES + Short.BYTES;
    private static final int KEY_BYTES = BUCKET_BYTES + Long.BYTES + Integer.BYTES + Long.BYTES;
    private static final int ID_BYTES = 32;

    private final KeyValueStore<Bytes, byte[]> places;
    private final KeyValueStore<Bytes, byte[]> parked;

    BandIndexStore(ProcessorContext<?, ?> context) {
        this.places = context.getStateStore(PLACES);
        this.parked = context.getStateStore(PARKED);
    }

    /** The stores, for the topology. */
    static Set<StoreBuilder<?>> builders() {
        return Set.of(builder(PLACES), builder(PARKED));
    }

    private static StoreBuilder<?> builder(String name) {
        return Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore(name), Serdes.Bytes(), Serdes.ByteArray())
                .withLoggingEnabled(CuratorConfig.changelogSettings());
    }

    @Override
    public List<Place> near(int band, long hash, int greatest) {
        List<Place> near = new ArrayList<>();
        try (KeyValueIterator<Bytes, byte[]> entries = range(places, band, hash)) {
            while (entries.hasNext()) {
                KeyValue<Bytes, byte[]> entry = entries.next();
                ByteBuffer key = ByteBuffer.wrap(entry.key.get()).position(BUCKET_BYTES);
                long other = key.getLong();
                if (PerceptualHash.distance(hash, other) <= greatest) {
                    near.add(place(other, new RecordPosition(key.getInt(), key.getLong()), entry.value));
                }
            }
        }
        return near;
    }

    @Override
    public void put(int band, Place place) {
        byte[] value = ByteBuffer.allocate(Byte.BYTES + Long.BYTES + ID_BYTES)
                .put((byte) place.state().ordinal())
                .putLong(place.sequence())
                .put(HexFormat.of().parseHex(place.imageId()))
                .array();
        places.put(key(band, place.hash(), place.record()), value);
    }

    @Override
    public void remove(int band, SimilarityQuestion question) {
        places.delete(key(band, question.getHash(), question.getRecord()));
    }

    @Override
    public void park(Parked question) {
        try {
            ByteBuffer written = question.question().toByteBuffer();
            byte[] value = new byte[written.remaining()];
            written.get(value);
            parked.put(parkedKey(question), value);
        } catch (IOException e) {
            throw new UncheckedIOException("a question that waits cannot be written down", e);
        }
    }

    @Override
    public List<Parked> parked(int band, long hash) {
        List<Parked> waiting = new ArrayList<>();
        try (KeyValueIterator<Bytes, byte[]> entries = range(parked, band, hash)) {
            while (entries.hasNext()) {
                KeyValue<Bytes, byte[]> entry = entries.next();
                long sequence = ByteBuffer.wrap(entry.key.get()).getLong(BUCKET_BYTES);
                waiting.add(new Parked(SimilarityQuestion.fromByteBuffer(ByteBuffer.wrap(entry.value)), sequence));
            }
        } catch (IOException e) {
            throw new UncheckedIOException("the store of parked questions holds what this build cannot read", e);
        }
        return waiting;
    }

    @Override
    public void unpark(Parked question) {
        parked.delete(parkedKey(question));
    }

    private static Place place(long hash, RecordPosition record, byte[] value) {
        ByteBuffer buffer = ByteBuffer.wrap(value);
        State state = State.values()[buffer.get()];
        long sequence = buffer.getLong();
        byte[] id = new byte[ID_BYTES];
        buffer.get(id);
        return new Place(hash, record, HexFormat.of().formatHex(id), state, sequence);
    }

    /** All entries under the value that a hash has in a band. Keys are compared as unsigned bytes. */
    private static KeyValueIterator<Bytes, byte[]> range(KeyValueStore<Bytes, byte[]> store, int band, long hash) {
        byte[] from = bucket(ByteBuffer.allocate(BUCKET_BYTES), band, Bands.value(hash, band))
                .array();
        byte[] to = bucket(ByteBuffer.allocate(BUCKET_BYTES), band, Bands.value(hash, band) + 1)
                .array();
        return store.range(Bytes.wrap(from), Bytes.wrap(to));
    }

    private static ByteBuffer bucket(ByteBuffer key, int band, int value) {
        return key.put((byte) band).putShort((short) value);
    }

    private static Bytes key(int band, long hash, RecordPosition record) {
        return Bytes.wrap(bucket(ByteBuffer.allocate(KEY_BYTES), band, Bands.value(hash, band))
                .putLong(hash)
                .putInt(record.getPartition())
                .putLong(record.getOffset())
                .array());
    }

    private static Bytes parkedKey(Parked question) {
        int band = question.question().getBand();
        return Bytes.wrap(bucket(
                        ByteBuffer.allocate(BUCKET_BYTES + Long.BYTES),
                        band,
                        Bands.value(question.question().getHash(), band))
                .putLong(question.sequence())
                .array());
    }
}
