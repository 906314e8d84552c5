package dev.realalign.runtime;

import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/**
 * How far a consumer group is behind in one partition.
 *
 * @param group consumer group
 * @param topic topic
 * @param partition partition
 * @param committed next offset the group will read, absent when it never committed one
 * @param end offset after the last committed record
 * @param records records not read yet, absent when nothing was committed
 * @param seconds age of the oldest of them, 0 without lag, absent when unknown
 * @param secondsFrom how {@code seconds} was found
 * @param owner member of the group that reads the partition, absent when none does
 */
public record PartitionLag(
        String group,
        String topic,
        int partition,
        OptionalLong committed,
        long end,
        OptionalLong records,
        OptionalDouble seconds,
        SecondsFrom secondsFrom,
        Optional<Owner> owner) {

    /** How the age of the oldest unread record was found. */
    public enum SecondsFrom {
        /** From the record's own timestamp, or there is no unread record. */
        EXACT,
        /** From earlier samples of the partition's end: right to within the time between two samples. */
        SAMPLED,
        /** Not at all. */
        UNKNOWN
    }

    /**
     * A member of a group.
     *
     * @param member the group's name for it
     * @param client its client id
     * @param host its host, as the broker sees it
     */
    public record Owner(String member, String client, String host) {}
}
