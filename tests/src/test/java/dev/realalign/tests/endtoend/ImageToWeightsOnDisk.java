package dev.realalign.tests.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import dev.realalign.app.embedded.EmbeddedCluster;
import dev.realalign.app.embedded.EmbeddedOptions;
import dev.realalign.app.flow.Flow;
import dev.realalign.app.flow.ImageToWeights.Hop;
import dev.realalign.app.flow.ImageToWeights.Position;
import dev.realalign.app.flow.ImageToWeights.Taken;
import dev.realalign.runtime.ClusterConfig;
import dev.realalign.schemas.Topic;
import dev.realalign.schemas.Topics;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.Deserializer;

/** Follows every picture of an ended demo through its topics. */
final class ImageToWeightsOnDisk {
    /** Clocks are one machine's; the broker's timestamps are whole milliseconds, as are those of the records. */
    private static final Duration STEP = Duration.ofMillis(2);

    private static final List<Topic<String, ? extends SpecificRecord>> TOPICS = List.of(
            Topics.PREFERENCE_TRIPLES,
            Topics.TRAINING_LEDGER,
            Topics.CHECKPOINTS,
            Topics.PUBLISHING_LOG,
            Topics.SUBSCRIBER_STATUS,
            Topics.IMAGE_REJECTIONS);

    private ImageToWeightsOnDisk() {}

    /**
     * Requires that every trained picture has arrived at the subscriber, that no hop goes back in time and that the hops of
     * each add up to its total.
     */
    static void requireHopsAddUp(Path data, int trained) throws Exception {
        Map<Position, Map<Hop, Duration>> journeys = new HashMap<>();
        Flow flow = new Flow(taken -> note(journeys, taken));
        try (EmbeddedCluster cluster = EmbeddedCluster.start(EmbeddedOptions.in(data))) {
            replay(ClusterConfig.from(cluster.properties()), flow);
        }
        assertThat(flow.acceptedCandidates()).isPositive();
        List<Map<Hop, Duration>> arrived = journeys.values().stream()
                .filter(hops -> hops.containsKey(Hop.TOTAL))
                .toList();
        assertThat(arrived).hasSize(trained);
        for (Map<Hop, Duration> hops : arrived) {
            assertThat(hops).containsOnlyKeys(Hop.values());
            Duration sum = Duration.ZERO;
            for (Hop hop : Hop.values()) {
                Duration took = hops.getOrDefault(hop, Duration.ZERO);
                assertThat(took).as(hop.name()).isGreaterThanOrEqualTo(STEP.negated());
                sum = hop == Hop.TOTAL ? sum : sum.plus(took);
            }
            assertThat(hops.getOrDefault(Hop.TOTAL, Duration.ZERO).minus(sum).abs())
                    .isLessThanOrEqualTo(STEP);
        }
    }

    private static void note(Map<Position, Map<Hop, Duration>> journeys, Taken taken) {
        journeys.computeIfAbsent(taken.picture(), first -> new EnumMap<>(Hop.class))
                .put(taken.hop(), taken.took());
    }

    /** Every record of the topics in the order of their timestamps. */
    private static void replay(ClusterConfig config, Flow flow) {
        List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();
        Map<String, Deserializer<? extends SpecificRecord>> values = new HashMap<>();
        try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(
                config.consumer("flow-test"), new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            List<TopicPartition> partitions = new ArrayList<>();
            for (Topic<String, ? extends SpecificRecord> topic : TOPICS) {
                values.put(topic.name(), topic.valueDeserializer(config.registry()));
                consumer.partitionsFor(topic.name())
                        .forEach(info -> partitions.add(new TopicPartition(info.topic(), info.partition())));
            }
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
            while (ends.entrySet().stream().anyMatch(end -> consumer.position(end.getKey()) < end.getValue())) {
                consumer.poll(Duration.ofMillis(200)).forEach(records::add);
            }
        }
        records.sort(Comparator.comparingLong(ConsumerRecord::timestamp));
        for (ConsumerRecord<byte[], byte[]> record : records) {
            Deserializer<? extends SpecificRecord> deserializer = values.get(record.topic());
            if (record.value() != null && deserializer != null) {
                flow.take(
                        deserializer.deserialize(record.topic(), record.value()),
                        record.partition(),
                        record.offset(),
                        Instant.ofEpochMilli(record.timestamp()));
            }
        }
    }
}
