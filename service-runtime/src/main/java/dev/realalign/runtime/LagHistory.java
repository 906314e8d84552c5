package dev.realalign.runtime;

import dev.realalign.runtime.LagVerdicts.Point;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The samples of the last window, for every group and partition, and what they say. Its memory is bounded: a partition
 * keeps the samples of one window and one before it, and one that is sampled no more is forgotten. No clock: time comes
 * with the samples. Not for use by several threads at once.
 */
public final class LagHistory {
    private final Duration window;
    private final Map<Key, Deque<Point>> points = new HashMap<>();

    private record Key(String group, String topic, int partition) {
        static Key of(PartitionLag lag) {
            return new Key(lag.group(), lag.topic(), lag.partition());
        }
    }

    /**
     * An empty history.
     *
     * @param window how much history a verdict needs
     */
    public LagHistory(Duration window) {
        if (window.isNegative()) {
            throw new IllegalArgumentException("a window of " + window + " is negative");
        }
        this.window = window;
    }

    /**
     * Takes a sample in.
     *
     * @param at when it was taken, not before the one before it
     * @return the sample's partitions in their order, each with its verdict
     */
    public List<LagEvaluation> add(Instant at, Collection<PartitionLag> sample) {
        List<LagEvaluation> evaluations = new ArrayList<>(sample.size());
        Set<Key> present = new HashSet<>();
        for (PartitionLag lag : sample) {
            Key key = Key.of(lag);
            present.add(key);
            Deque<Point> own = points.computeIfAbsent(key, first -> new ArrayDeque<>());
            own.add(Point.of(at, lag));
            forget(own, at.minus(window));
            evaluations.add(LagVerdicts.evaluate(lag, List.copyOf(own), window));
        }
        points.keySet().retainAll(present);
        return evaluations;
    }

    /** Samples kept, of all partitions. */
    int size() {
        return points.values().stream().mapToInt(Deque::size).sum();
    }

    /** Keeps one sample at or before the beginning of the window, so that the rest spans all of it. */
    private static void forget(Deque<Point> own, Instant begin) {
        while (own.size() > 1) {
            Point oldest = own.removeFirst();
            if (own.getFirst().at().isAfter(begin)) {
                own.addFirst(oldest);
                return;
            }
        }
    }
}
