package dev.realalign.dashboard.model;

import dev.realalign.runtime.PartitionLag;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** How the lag of one group in one topic develops over the last samples. Not for use by several threads at once. */
final class LagTrend {
    private static final Duration WINDOW = Duration.ofSeconds(90);
    private static final Duration STANDSTILL = Duration.ofSeconds(45);
    private static final Duration LEAST_TREND = Duration.ofSeconds(20);
    private static final double SECONDS_WORTH_A_WORD = 30;

    private final ArrayDeque<Sample> samples = new ArrayDeque<>();
    private @Nullable Instant movedAt;

    private record Sample(Instant at, long committed, long records, @Nullable Double seconds) {}

    /** How it stands. */
    enum Status {
        /** Nothing was committed yet: the lag is unknown. */
        UNKNOWN,
        /** Nothing waits, or what waits is young. */
        OK,
        /** Old records wait, and they get fewer or younger. */
        CATCHING_UP,
        /** Old records wait, and they get older. */
        FALLING_BEHIND,
        /** Records wait and nothing has been committed for a while. */
        STANDING_STILL
    }

    /**
     * A group in a topic.
     *
     * @param stage role that reads it, null for a group of somebody else
     * @param records records not read yet, null when nothing was committed
     * @param seconds age of the oldest of them, null when unknown
     * @param perSecond change of the records, per second; null before it is known
     * @param catchUpSeconds time to the end at this pace, null when it does not come nearer
     * @param owners who holds the partitions
     */
    record View(
            String group,
            String topic,
            @Nullable String stage,
            Status status,
            @Nullable Long records,
            @Nullable Double seconds,
            @Nullable Double perSecond,
            @Nullable Double catchUpSeconds,
            List<PartitionView> partitions,
            List<String> owners) {}

    /** A partition of it. */
    record PartitionView(
            int partition, @Nullable Long committed, long end, @Nullable Long records, @Nullable Double seconds) {
        static PartitionView of(PartitionLag lag) {
            return new PartitionView(
                    lag.partition(),
                    lag.committed().isPresent() ? lag.committed().getAsLong() : null,
                    lag.end(),
                    lag.records().isPresent() ? lag.records().getAsLong() : null,
                    lag.seconds().isPresent() ? lag.seconds().getAsDouble() : null);
        }
    }

    /** Takes a sample of every partition. */
    View take(String group, String topic, List<PartitionLag> partitions, List<String> owners, Instant now) {
        List<PartitionView> views = partitions.stream().map(PartitionView::of).toList();
        @Nullable String stage = Stage.reading(topic).map(Stage::role).orElse(null);
        if (partitions.stream().noneMatch(p -> p.records().isPresent())) {
            samples.clear();
            return new View(group, topic, stage, Status.UNKNOWN, null, null, null, null, views, owners);
        }
        long records = partitions.stream()
                .map(PartitionLag::records)
                .filter(OptionalLong::isPresent)
                .mapToLong(OptionalLong::getAsLong)
                .sum();
        long committed = partitions.stream()
                .map(PartitionLag::committed)
                .filter(OptionalLong::isPresent)
                .mapToLong(OptionalLong::getAsLong)
                .sum();
        OptionalDouble oldest = partitions.stream()
                .map(PartitionLag::seconds)
                .filter(OptionalDouble::isPresent)
                .mapToDouble(OptionalDouble::getAsDouble)
                .max();
        @Nullable Double seconds = oldest.isPresent() ? oldest.getAsDouble() : null;
        Sample last = samples.peekLast();
        if (movedAt == null || last == null || last.committed() != committed || records == 0) {
            movedAt = now;
        }
        samples.addLast(new Sample(now, committed, records, seconds));
        while (samples.size() > 2
                && Duration.between(samples.getFirst().at(), now).compareTo(WINDOW) > 0) {
            samples.removeFirst();
        }
        @Nullable Double slope = slope(now);
        @Nullable Double catchUp = slope != null && slope < 0 && records > 0 ? records / -slope : null;
        return new View(
                group, topic, stage, status(records, seconds, now), records, seconds, slope, catchUp, views, owners);
    }

    private Status status(long records, @Nullable Double seconds, Instant now) {
        if (records == 0) {
            return Status.OK;
        }
        if (movedAt != null && Duration.between(movedAt, now).compareTo(STANDSTILL) >= 0) {
            return Status.STANDING_STILL;
        }
        if (seconds == null || seconds < SECONDS_WORTH_A_WORD) {
            return Status.OK;
        }
        @Nullable Double before = samples.getFirst().seconds();
        boolean older = before != null
                && seconds > before
                && Duration.between(samples.getFirst().at(), now).compareTo(LEAST_TREND) >= 0;
        return older ? Status.FALLING_BEHIND : Status.CATCHING_UP;
    }

    private @Nullable Double slope(Instant now) {
        Sample first = samples.getFirst();
        Duration span = Duration.between(first.at(), now);
        return span.compareTo(LEAST_TREND) < 0
                ? null
                : (samples.getLast().records() - first.records()) * 1000.0 / span.toMillis();
    }
}
