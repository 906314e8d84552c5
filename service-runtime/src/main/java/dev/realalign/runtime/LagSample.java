package dev.realalign.runtime;

import java.time.Instant;
import java.util.List;
import java.util.Map;

/**
 * What one look at a cluster found.
 *
 * @param at when
 * @param lags every measured partition, ordered by group, topic and partition
 * @param topics what the partitions of the measured topics hold, ordered by topic and partition
 * @param members members of each measured group
 * @param brokers brokers of the cluster
 */
public record LagSample(
        Instant at, List<PartitionLag> lags, List<PartitionRange> topics, Map<String, Integer> members, int brokers) {
    /** Copies the collections. */
    public LagSample {
        lags = List.copyOf(lags);
        topics = List.copyOf(topics);
        members = Map.copyOf(members);
    }

    /**
     * What a partition holds.
     *
     * @param oldest offset of its oldest record
     * @param end offset after its last committed record
     */
    public record PartitionRange(String topic, int partition, long oldest, long end) {}
}
