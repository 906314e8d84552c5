package dev.realalign.curator;

import dev.realalign.runtime.ClusterConfig;
import dev.realalign.runtime.UserErrorException;
import dev.realalign.schemas.ImageRejection;
import dev.realalign.schemas.PreferenceTriple;
import dev.realalign.schemas.RecordPosition;
import dev.realalign.schemas.Topic;
import dev.realalign.schemas.Topics;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.function.Predicate;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.Deserializer;

/**
 * Reads triples and rejections together, partition by partition, in the order of the records of real-images that they
 * judge. What was committed when it was opened is read, in no consumer group. Only a few records of each topic are held at
 * a time.
 *
 * <p>Where verdicts of a partition did not fall in the order of its records, because some waited for a generator, each
 * topic keeps its own order and the two are merged by the record at the head of each.
 */
public final class VerdictReader implements AutoCloseable {
    private static final Duration POLL = Duration.ofMillis(200);
    private static final int RECORDS_A_POLL = 64;
    /** Records of a topic in hand at which it is not asked for more. */
    private static final int ENOUGH = 64;

    private final ClusterConfig cluster;
    private final KafkaConsumer<byte[], byte[]> consumer;
    private final Map<String, Deserializer<? extends SpecificRecord>> values = new HashMap<>();
    private final Map<TopicPartition, Long> ends;
    private final long records;
    private long done;

    /** A partition of one topic, while it is read. */
    private final class Source {
        private final TopicPartition partition;
        private final Queue<SpecificRecord> read = new ArrayDeque<>();
        private long position = -1;

        Source(TopicPartition partition) {
            this.partition = partition;
        }

        boolean isAtEnd() {
            return position >= ends.getOrDefault(partition, 0L);
        }
    }

    /**
     * Opens topics.
     *
     * @param topics names of topics of triples, and of rejections, which end in "rejections"
     * @param pictures whether the pictures of triples are wanted; without them they are empty
     * @throws UserErrorException when a topic does not exist or the cluster cannot be read
     */
    public VerdictReader(ClusterConfig cluster, List<String> topics, boolean pictures) {
        this.cluster = cluster;
        Map<String, Object> settings = cluster.consumer("realalign-verdicts");
        settings.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, RECORDS_A_POLL);
        settings.put(
                ConsumerConfig.DEFAULT_API_TIMEOUT_MS_CONFIG,
                Math.toIntExact(cluster.timeout().toMillis()));
        consumer = new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
        try {
            List<TopicPartition> all = new ArrayList<>();
            for (String topic : topics) {
                values.put(topic, deserializer(topic, pictures));
                all.addAll(partitions(topic));
            }
            ends = Map.copyOf(consumer.endOffsets(all));
            Map<TopicPartition, Long> begins = consumer.beginningOffsets(all);
            records = all.stream()
                    .mapToLong(partition -> ends.getOrDefault(partition, 0L) - begins.getOrDefault(partition, 0L))
                    .sum();
        } catch (KafkaException e) {
            consumer.close();
            throw unreadable(e);
        } catch (UserErrorException e) {
            consumer.close();
            throw e;
        }
    }

    private static boolean holdsRejections(String topic) {
        return topic.endsWith("rejections");
    }

    private Deserializer<? extends SpecificRecord> deserializer(String name, boolean pictures) {
        Topic<String, ? extends SpecificRecord> topic =
                (holdsRejections(name) ? Topics.IMAGE_REJECTIONS : Topics.PREFERENCE_TRIPLES).named(name);
        return pictures ? topic.valueDeserializer(cluster.registry()) : topic.outlineDeserializer(cluster.registry());
    }

    private List<TopicPartition> partitions(String topic) {
        List<PartitionInfo> found = consumer.partitionsFor(topic);
        if (found == null || found.isEmpty()) {
            throw UserErrorException.usage("There is no topic " + topic + " on " + cluster.bootstrapServers()
                    + ": name a topic of triples or rejections.");
        }
        return found.stream()
                .map(info -> new TopicPartition(topic, info.partition()))
                .toList();
    }

    /** Offsets there are to read, transaction markers among them. */
    public long records() {
        return records;
    }

    /** Offsets read so far. */
    public long done() {
        return done;
    }

    /** Numbers of the partitions, in their order. */
    public List<Integer> partitions() {
        return ends.keySet().stream()
                .map(TopicPartition::partition)
                .distinct()
                .sorted()
                .toList();
    }

    /**
     * Hands over every triple and rejection of a partition.
     *
     * @param visitor takes one, and says whether it wants more
     * @throws UserErrorException when the cluster cannot be read
     */
    public void read(int partition, Predicate<SpecificRecord> visitor) {
        List<Source> sources = ends.keySet().stream()
                .filter(of -> of.partition() == partition)
                .sorted(Comparator.comparing(TopicPartition::topic))
                .map(Source::new)
                .toList();
        List<TopicPartition> assigned = sources.stream().map(s -> s.partition).toList();
        try {
            consumer.assign(assigned);
            consumer.seekToBeginning(assigned);
            sources.forEach(this::advance);
            long deadline = System.nanoTime() + cluster.timeout().toNanos();
            while (true) {
                if (sources.stream().allMatch(source -> !source.read.isEmpty() || source.isAtEnd())) {
                    Source first = sources.stream()
                            .filter(source -> !source.read.isEmpty())
                            .min(Comparator.comparingLong(source -> recordOffset(source.read.element())))
                            .orElse(null);
                    if (first == null) {
                        return;
                    }
                    if (!visitor.test(first.read.remove())) {
                        return;
                    }
                    deadline = System.nanoTime() + cluster.timeout().toNanos();
                } else if (poll(sources)) {
                    deadline = System.nanoTime() + cluster.timeout().toNanos();
                } else if (System.nanoTime() > deadline) {
                    throw UserErrorException.failure(
                            "The topics " + values.keySet() + " could not be read further within "
                                    + cluster.timeout().toSeconds() + " s: see the broker's log.");
                }
            }
        } catch (KafkaException e) {
            throw unreadable(e);
        }
    }

    /**
     * Any one record, of the first partition that has one.
     *
     * @throws UserErrorException when the cluster cannot be read
     */
    Optional<SpecificRecord> first() {
        List<SpecificRecord> found = new ArrayList<>();
        for (int partition : partitions()) {
            read(partition, verdict -> {
                found.add(verdict);
                return false;
            });
            if (!found.isEmpty()) {
                return Optional.of(found.get(0));
            }
        }
        return Optional.empty();
    }

    /** Reads on where there is not enough in hand; whether anything came. */
    private boolean poll(List<Source> sources) {
        consumer.resume(consumer.assignment());
        consumer.pause(sources.stream()
                .filter(source -> source.read.size() >= ENOUGH || source.isAtEnd())
                .map(source -> source.partition)
                .toList());
        var polled = consumer.poll(POLL);
        boolean moved = false;
        for (Source source : sources) {
            for (ConsumerRecord<byte[], byte[]> record : polled.records(source.partition)) {
                Deserializer<? extends SpecificRecord> decoder = values.get(record.topic());
                if (record.offset() < ends.getOrDefault(source.partition, 0L) && decoder != null) {
                    source.read.add(decoder.deserialize(record.topic(), record.value()));
                }
            }
            moved |= advance(source);
        }
        return moved;
    }

    private boolean advance(Source source) {
        long before = source.position;
        source.position = consumer.position(source.partition);
        if (before >= 0) {
            done += source.position - before;
        }
        return source.position > before;
    }

    private static long recordOffset(SpecificRecord verdict) {
        RecordPosition record = verdict instanceof PreferenceTriple triple
                ? triple.getRecord()
                : ((ImageRejection) verdict).getRecord();
        return record.getOffset();
    }

    private UserErrorException unreadable(KafkaException e) {
        return UserErrorException.failure(
                "The topics " + values.keySet() + " cannot be read from " + cluster.bootstrapServers() + " ("
                        + RecordReader.rootMessage(e) + "): start broker and registry, or correct "
                        + ClusterConfig.BOOTSTRAP_SERVERS + " and " + ClusterConfig.SCHEMA_REGISTRY_URL + ".",
                e);
    }

    @Override
    public void close() {
        consumer.close();
        values.values().forEach(Deserializer::close);
    }
}
