package dev.realalign.trainer.loop;

import dev.realalign.trainer.plan.Delivery;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** A stream of triples in memory: partitions of deliveries, delivered by offset, so that the order
 * does not depend on where reading began. A quiet stream lets the clock run. */
final class MemoryTriples implements TripleSource {
    private final SortedMap<Integer, List<Delivery>> partitions;
    private final MemoryClock clock;
    private final SortedMap<Integer, Long> next = new TreeMap<>();

    @Nullable
    SortedMap<Integer, Long> reported;

    Optional<Duration> headroom = Optional.empty();
    long beginning;

    MemoryTriples(SortedMap<Integer, List<Delivery>> partitions, MemoryClock clock) {
        this.partitions = partitions;
        this.clock = clock;
    }

    @Override
    public SortedMap<Integer, Long> beginnings() {
        SortedMap<Integer, Long> beginnings = new TreeMap<>();
        partitions.forEach((partition, log) -> beginnings.put(partition, beginning));
        return beginnings;
    }

    @Override
    public SortedMap<Integer, Long> ends() {
        SortedMap<Integer, Long> ends = new TreeMap<>();
        partitions.forEach((partition, log) ->
                ends.put(partition, log.isEmpty() ? 0L : log.get(log.size() - 1).offset() + 1));
        return ends;
    }

    @Override
    public List<Delivery> fetch(SortedMap<Integer, SortedSet<Long>> offsets) {
        return partitions.values().stream()
                .flatMap(List::stream)
                .filter(d ->
                        offsets.getOrDefault(d.partition(), new TreeSet<>()).contains(d.offset()))
                .toList();
    }

    @Override
    public Optional<Duration> headroom() {
        return headroom;
    }

    @Override
    public void start(SortedMap<Integer, Long> nextOffsets) {
        next.putAll(nextOffsets);
    }

    @Override
    public Optional<Delivery> take(Duration wait) {
        Optional<Delivery> first = partitions.values().stream()
                .flatMap(log -> log.stream()
                        .filter(d -> d.offset() >= next.getOrDefault(d.partition(), 0L))
                        .limit(1))
                .min(Comparator.comparingLong(Delivery::offset));
        if (first.isPresent()) {
            next.put(first.get().partition(), first.get().offset() + 1);
            return first;
        }
        clock.advance(wait);
        return Optional.empty();
    }

    @Override
    public boolean passed(SortedMap<Integer, Long> ends) {
        return ends.entrySet().stream().allMatch(end -> next.getOrDefault(end.getKey(), 0L) >= end.getValue());
    }

    @Override
    public void report(SortedMap<Integer, Long> nextOffsets) {
        reported = new TreeMap<>(nextOffsets);
    }

    @Override
    public void close() {}
}
