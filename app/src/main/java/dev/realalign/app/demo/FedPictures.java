package dev.realalign.app.demo;

import dev.realalign.app.feed.FedBefore;
import dev.realalign.runtime.ClusterConfig;
import dev.realalign.schemas.Topics;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** The pictures that real-images holds: what an earlier demo on the same folder fed, however it ended. */
final class FedPictures {
    private static final Duration POLL = Duration.ofMillis(200);

    private FedPictures() {}

    /** The keys of every record the topic holds now. */
    static FedBefore read(ClusterConfig cluster) {
        FedBefore before = new FedBefore();
        try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(
                cluster.consumer("demo-fed-before"), new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            String topic = Topics.REAL_IMAGES.name();
            List<TopicPartition> partitions = consumer.partitionsFor(topic).stream()
                    .map(info -> new TopicPartition(topic, info.partition()))
                    .toList();
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
            while (partitions.stream()
                    .anyMatch(partition -> consumer.position(partition) < ends.getOrDefault(partition, 0L))) {
                consumer.poll(POLL).forEach(record -> {
                    if (record.key() != null) {
                        before.add(new String(record.key(), StandardCharsets.UTF_8));
                    }
                });
            }
        }
        return before;
    }
}
