package dev.realalign.schemas;

import java.nio.charset.StandardCharsets;
import org.apache.kafka.common.utils.Utils;

/**
 * Which partition a key belongs to: murmur2 of its UTF-8 bytes, as Kafka's Java producers place keyed records by
 * default. Producers of other languages must be told so ({@code partitioner=murmur2_random} in librdkafka); the curator
 * rejects what lies elsewhere.
 */
public final class KeyPartitioner {
    private KeyPartitioner() {}

    /**
     * Partition of a key.
     *
     * @param partitions number of partitions of the topic, at least 1
     * @return a number in [0, partitions)
     */
    public static int partition(String key, int partitions) {
        return partition(key.getBytes(StandardCharsets.UTF_8), partitions);
    }

    /** Partition of a key given as the bytes that stand in the record. */
    public static int partition(byte[] key, int partitions) {
        if (partitions < 1) {
            throw new IllegalArgumentException("a topic has at least 1 partition, not " + partitions);
        }
        return Utils.toPositive(Utils.murmur2(key)) % partitions;
    }
}
