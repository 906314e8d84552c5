package dev.realalign.runtime;

import dev.realalign.runtime.PartitionLag.Owner;
import dev.realalign.runtime.PartitionLag.SecondsFrom;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/**
 * What lag means: never negative, absent when unknown, a time as well as a count. No I/O, no clock.
 *
 * <p>Committed offsets are sampled before end offsets, so a group that reads meanwhile looks a little further behind than
 * it is, never ahead; what remains below zero after a topic was recreated counts as none.
 */
public final class LagRules {
    private LagRules() {}

    /** What a look at the first unread record found. */
    public sealed interface FirstUnread {
        /** Everything between committed and end offset is markers and aborted records: there is nothing to read. */
        record Nothing() implements FirstUnread {}

        /**
         * A record, read.
         *
         * @param timestamp its timestamp
         */
        record At(Instant timestamp) implements FirstUnread {}

        /**
         * A record that was not read, but whose time follows from samples of the partition's end.
         *
         * @param timestamp about when it was written
         */
        record About(Instant timestamp) implements FirstUnread {}

        /** There was no look, or it did not end in time. */
        record Unknown() implements FirstUnread {}
    }

    /** Whether the partition holds offsets beyond the committed one, so that the first unread record matters. */
    public static boolean needsLook(OptionalLong committed, long end) {
        return committed.isPresent() && committed.getAsLong() < end;
    }

    /**
     * Lag of one partition.
     *
     * @param committed next offset the group will read, absent when it never committed
     * @param end last stable offset
     * @param first the first unread record; read only when {@link #needsLook}
     * @param owner member that reads the partition
     * @param now time of the sample
     */
    public static PartitionLag lag(
            String group,
            String topic,
            int partition,
            OptionalLong committed,
            long end,
            FirstUnread first,
            Optional<Owner> owner,
            Instant now) {
        OptionalLong records;
        OptionalDouble seconds;
        SecondsFrom from;
        if (committed.isEmpty()) {
            records = OptionalLong.empty();
            seconds = OptionalDouble.empty();
            from = SecondsFrom.UNKNOWN;
        } else if (!needsLook(committed, end) || first instanceof FirstUnread.Nothing) {
            records = OptionalLong.of(0);
            seconds = OptionalDouble.of(0);
            from = SecondsFrom.EXACT;
        } else {
            records = OptionalLong.of(end - committed.getAsLong());
            if (first instanceof FirstUnread.At at) {
                seconds = age(at.timestamp(), now);
                from = SecondsFrom.EXACT;
            } else if (first instanceof FirstUnread.About about) {
                seconds = age(about.timestamp(), now);
                from = SecondsFrom.SAMPLED;
            } else {
                seconds = OptionalDouble.empty();
                from = SecondsFrom.UNKNOWN;
            }
        }
        return new PartitionLag(group, topic, partition, committed, end, records, seconds, from, owner);
    }

    private static OptionalDouble age(Instant timestamp, Instant now) {
        return OptionalDouble.of(Math.max(0, Duration.between(timestamp, now).toMillis() / 1000.0));
    }

    /**
     * Lag of a group in a topic.
     *
     * @param records sum over the partitions with a commit, absent when there is none
     * @param seconds longest over the partitions where it is known, absent when there is none
     */
    public record TopicLag(String group, String topic, OptionalLong records, OptionalDouble seconds) {}

    /** Sums partitions up by group and topic, in order of appearance. */
    public static List<TopicLag> byTopic(Collection<PartitionLag> partitions) {
        return partitions.stream()
                .map(p -> List.of(p.group(), p.topic()))
                .distinct()
                .map(key -> {
                    List<PartitionLag> own = partitions.stream()
                            .filter(p ->
                                    p.group().equals(key.get(0)) && p.topic().equals(key.get(1)))
                            .toList();
                    return new TopicLag(
                            key.get(0),
                            key.get(1),
                            own.stream()
                                    .map(PartitionLag::records)
                                    .filter(OptionalLong::isPresent)
                                    .map(OptionalLong::getAsLong)
                                    .reduce(Long::sum)
                                    .map(OptionalLong::of)
                                    .orElse(OptionalLong.empty()),
                            own.stream()
                                    .map(PartitionLag::seconds)
                                    .filter(OptionalDouble::isPresent)
                                    .mapToDouble(OptionalDouble::getAsDouble)
                                    .max());
                })
                .toList();
    }
}
