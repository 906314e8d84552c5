package dev.realalign.schemas;

import org.apache.kafka.common.TopicPartition;

/** How manifests and reports name a partition: {@code topic-partition}, such as {@code preference-triples-2}. */
public final class PartitionName {
    private PartitionName() {}

    /** Name of a partition. */
    public static String of(TopicPartition partition) {
        return partition.topic() + "-" + partition.partition();
    }

    /**
     * The partition of a name.
     *
     * @throws IllegalArgumentException when the text names no partition
     */
    public static TopicPartition parse(String name) {
        int hyphen = name.lastIndexOf('-');
        String number = name.substring(hyphen + 1);
        if (hyphen < 1
                || number.isEmpty()
                || number.length() > 9
                || !number.chars().allMatch(c -> c >= '0' && c <= '9')) {
            throw new IllegalArgumentException(
                    "a partition is named topic-number, such as preference-triples-2, not \"" + name + "\"");
        }
        return new TopicPartition(name.substring(0, hyphen), Integer.parseInt(number));
    }
}
