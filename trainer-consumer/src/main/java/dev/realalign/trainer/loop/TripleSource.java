package dev.realalign.trainer.loop;

import dev.realalign.trainer.plan.Delivery;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;

/** The stream of triples, partition by partition in order. */
public interface TripleSource extends AutoCloseable {

    /** The first offset that every partition still holds. */
    SortedMap<Integer, Long> beginnings();

    /** The offset after the last committed record of every partition, as of now. */
    SortedMap<Integer, Long> ends();

    /**
     * Reads single records again, before {@link #start}.
     *
     * @param offsets offsets of every partition
     * @return their deliveries, by partition and offset
     * @throws dev.realalign.runtime.UserErrorException naming what has expired
     */
    List<Delivery> fetch(SortedMap<Integer, SortedSet<Long>> offsets);

    /** Begins to deliver from these offsets. Called once. */
    void start(SortedMap<Integer, Long> nextOffsets);

    /** The next delivery, if one comes in time. */
    Optional<Delivery> take(Duration wait) throws InterruptedException;

    /** Whether everything below these ends was taken. */
    boolean passed(SortedMap<Integer, Long> ends);

    /**
     * Tells lag tools how far training is. A copy only: nothing is ever resumed from it.
     *
     * @param nextOffsets next offset to train of every partition
     */
    void report(SortedMap<Integer, Long> nextOffsets);

    /** How long the oldest triple that was not taken yet will stay in the log; empty when none waits or none expires. */
    Optional<Duration> headroom();

    @Override
    void close();
}
