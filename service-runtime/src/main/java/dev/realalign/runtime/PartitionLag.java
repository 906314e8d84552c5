package dev.realalign.runtime;

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
 */
public record PartitionLag(
        String group,
        String topic,
        int partition,
        OptionalLong committed,
        long end,
        OptionalLong records,
        OptionalDouble seconds) {}
