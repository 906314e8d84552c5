package dev.realalign.runtime;

import dev.realalign.runtime.LagRules.FirstUnread;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.ListOffsetsResult.ListOffsetsResultInfo;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.GroupIdNotFoundException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * Measures the lag of consumer groups from outside, also of those whose process is gone. Committed offsets are read
 * first, last stable offsets second, and the first unread record of each partition that lags last. Not for use by several
 * threads at once.
 */
public final class LagSampler implements AutoCloseable {
    private static final Duration POLL = Duration.ofMillis(100);

    private final ClusterConfig cluster;
    private final Clock clock;
    private final Duration look;
    private final Admin admin;
    private final KafkaConsumer<byte[], byte[]> reader;

    /** A sampler that looks for the first unread records for at most 2 seconds a sample. */
    public LagSampler(ClusterConfig cluster) {
        this(cluster, Clock.systemUTC(), Duration.ofSeconds(2));
    }

    LagSampler(ClusterConfig cluster, Clock clock, Duration look) {
        this.cluster = cluster;
        this.clock = clock;
        this.look = look;
        this.admin = AdminCalls.open(cluster);
        Map<String, Object> settings = cluster.consumer("lag-sampler");
        settings.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, 1);
        settings.put(ConsumerConfig.FETCH_MAX_BYTES_CONFIG, 1);
        settings.put(ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG, 1);
        settings.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        this.reader = new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    /**
     * Lag of every partition, ordered by group, topic and partition.
     *
     * @param topicsByGroup topics each group reads; a topic that does not exist yet has no partitions
     * @throws UserErrorException for failure when the cluster does not answer
     */
    public List<PartitionLag> sample(Map<String, ? extends Collection<String>> topicsByGroup) {
        Map<String, Map<TopicPartition, Long>> committed = new HashMap<>();
        topicsByGroup.keySet().forEach(group -> committed.put(group, committed(group)));
        Set<TopicPartition> partitions = new HashSet<>();
        Set<String> topics = new HashSet<>();
        topicsByGroup.values().forEach(topics::addAll);
        Set<String> present = AdminCalls.await(cluster, admin.listTopics().names());
        topics.retainAll(present);
        AdminCalls.await(cluster, admin.describeTopics(topics).allTopicNames())
                .forEach((name, description) ->
                        description.partitions().forEach(p -> partitions.add(new TopicPartition(name, p.partition()))));
        Map<TopicPartition, Long> ends = ends(partitions);

        List<PartitionLag> lags = new ArrayList<>();
        topicsByGroup.forEach((group, read) -> {
            Map<TopicPartition, Long> own = committed.getOrDefault(group, Map.of());
            Map<TopicPartition, Long> behind = new HashMap<>();
            ends.forEach((partition, end) -> {
                if (read.contains(partition.topic()) && LagRules.needsLook(offset(own, partition), end)) {
                    behind.put(partition, own.get(partition));
                }
            });
            Map<TopicPartition, FirstUnread> first = firstUnread(behind, ends);
            Instant now = clock.instant();
            ends.forEach((partition, end) -> {
                if (read.contains(partition.topic())) {
                    lags.add(LagRules.lag(
                            group,
                            partition.topic(),
                            partition.partition(),
                            offset(own, partition),
                            end,
                            first.getOrDefault(partition, new FirstUnread.Unknown()),
                            now));
                }
            });
        });
        lags.sort(Comparator.comparing(PartitionLag::group)
                .thenComparing(PartitionLag::topic)
                .thenComparingInt(PartitionLag::partition));
        return lags;
    }

    private static OptionalLong offset(Map<TopicPartition, Long> committed, TopicPartition partition) {
        Long offset = committed.get(partition);
        return offset == null ? OptionalLong.empty() : OptionalLong.of(offset);
    }

    private Map<TopicPartition, Long> committed(String group) {
        Map<TopicPartition, Long> offsets = new HashMap<>();
        Map<TopicPartition, OffsetAndMetadata> found;
        try {
            found = AdminCalls.await(
                    cluster, admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata());
        } catch (GroupIdNotFoundException e) {
            return offsets;
        }
        found.forEach((partition, offset) -> {
            if (offset != null) {
                offsets.put(partition, offset.offset());
            }
        });
        return offsets;
    }

    private Map<TopicPartition, Long> ends(Set<TopicPartition> partitions) {
        Map<TopicPartition, OffsetSpec> latest = new HashMap<>();
        partitions.forEach(p -> latest.put(p, OffsetSpec.latest()));
        Map<TopicPartition, ListOffsetsResultInfo> found = AdminCalls.await(
                cluster,
                admin.listOffsets(latest, new ListOffsetsOptions(IsolationLevel.READ_COMMITTED))
                        .all());
        Map<TopicPartition, Long> ends = new HashMap<>();
        found.forEach((partition, info) -> ends.put(partition, info.offset()));
        return ends;
    }

    private Map<TopicPartition, FirstUnread> firstUnread(
            Map<TopicPartition, Long> committed, Map<TopicPartition, Long> ends) {
        Map<TopicPartition, FirstUnread> found = new HashMap<>();
        if (committed.isEmpty()) {
            return found;
        }
        Set<TopicPartition> open = new HashSet<>(committed.keySet());
        reader.assign(open);
        committed.forEach(reader::seek);
        long deadline = System.nanoTime() + look.toNanos();
        while (!open.isEmpty() && System.nanoTime() < deadline) {
            for (ConsumerRecord<byte[], byte[]> record : reader.poll(POLL)) {
                TopicPartition partition = new TopicPartition(record.topic(), record.partition());
                if (open.remove(partition)) {
                    found.put(partition, new FirstUnread.At(Instant.ofEpochMilli(record.timestamp())));
                    reader.pause(List.of(partition));
                }
            }
            for (TopicPartition partition : Set.copyOf(open)) {
                if (reader.position(partition, look) >= ends.getOrDefault(partition, Long.MAX_VALUE)) {
                    open.remove(partition);
                    found.put(partition, new FirstUnread.Nothing());
                    reader.pause(List.of(partition));
                }
            }
        }
        reader.assign(Set.of());
        return found;
    }

    @Override
    public void close() {
        reader.close();
        admin.close();
    }
}
