package dev.realalign.trainer.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.realalign.runtime.UserErrorException;
import dev.realalign.schemas.PreferenceTriple;
import dev.realalign.schemas.Topics;
import dev.realalign.trainer.plan.Delivery;
import dev.realalign.trainer.plan.Skipped;
import dev.realalign.trainer.triple.SkipReason;
import dev.realalign.trainer.triple.TrainingPair;
import dev.realalign.trainer.triple.Triples;
import java.net.ConnectException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.MockConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.serialization.Deserializer;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class KafkaTripleSourceTest {
    private static final String TOPIC = Topics.PREFERENCE_TRIPLES.name();
    private static final int RESOLUTION = 8;
    private static final Map<String, Object> REGISTRY =
            Map.of("schema.registry.url", "mock://triple-source", "auto.register.schemas", true);
    private static final TopicPartition P0 = new TopicPartition(TOPIC, 0);
    private static final TopicPartition P1 = new TopicPartition(TOPIC, 1);

    private final MockConsumer<byte[], byte[]> consumer = new MockConsumer<>("none");
    private KafkaTripleSource source;

    @BeforeEach
    void open() {
        consumer.updatePartitions(TOPIC, List.of(partition(1), partition(0)));
        consumer.updateBeginningOffsets(Map.of(P0, 5L, P1, 0L));
        consumer.updateEndOffsets(Map.of(P0, 100L, P1, 0L));
        source = source(1 << 20);
    }

    private KafkaTripleSource source(long maxBufferedBytes) {
        return new KafkaTripleSource(
                consumer,
                Topics.PREFERENCE_TRIPLES.valueDeserializer(REGISTRY),
                RESOLUTION,
                maxBufferedBytes,
                null,
                InstantSource.system());
    }

    @AfterEach
    void close() {
        source.close();
    }

    private static PartitionInfo partition(int number) {
        return new PartitionInfo(TOPIC, number, Node.noNode(), new Node[0], new Node[0]);
    }

    private static ConsumerRecord<byte[], byte[]> record(int partition, long offset, PreferenceTriple triple) {
        byte[] value = Topics.PREFERENCE_TRIPLES.valueSerializer(REGISTRY).serialize(TOPIC, triple);
        return new ConsumerRecord<>(
                TOPIC, partition, offset, triple.getImageId().getBytes(StandardCharsets.UTF_8), value);
    }

    private List<Delivery> takeAll(int expected) throws InterruptedException {
        List<Delivery> deliveries = new ArrayList<>();
        while (deliveries.size() < expected) {
            source.take(Duration.ofSeconds(5)).ifPresentOrElse(deliveries::add, () -> assertThat(deliveries)
                    .as("deliveries in time")
                    .hasSize(expected));
        }
        return deliveries;
    }

    private static void eventually(String what, BooleanSupplier holds) throws InterruptedException {
        for (int i = 0; i < 500 && !holds.getAsBoolean(); i++) {
            Thread.sleep(10);
        }
        assertThat(holds.getAsBoolean()).as(what).isTrue();
    }

    @Test
    void a_fresh_start_begins_at_what_the_log_still_holds() {
        assertThat(source.beginnings()).isEqualTo(new TreeMap<>(Map.of(0, 5L, 1, 0L)));
        assertThat(source.ends()).isEqualTo(new TreeMap<>(Map.of(0, 100L, 1, 0L)));
    }

    @Test
    void records_are_delivered_in_order_and_bad_ones_with_a_reason() throws Exception {
        source.start(new TreeMap<>(Map.of(0, 5L, 1, 0L)));
        consumer.addRecord(record(0, 5, Triples.triple(1, RESOLUTION)));
        consumer.addRecord(new ConsumerRecord<>(TOPIC, 0, 7, new byte[] {'k'}, new byte[] {9, 9}));
        consumer.addRecord(new ConsumerRecord<>(TOPIC, 0, 8, new byte[] {'k'}, null));
        consumer.addRecord(record(0, 9, Triples.triple(2, 16)));
        consumer.addRecord(record(0, 10, Triples.triple(3, RESOLUTION)));
        List<Delivery> deliveries = takeAll(5);
        assertThat(deliveries.stream().map(Delivery::offset)).containsExactly(5L, 7L, 8L, 9L, 10L);
        assertThat(pair(deliveries.get(0)).imageId()).isEqualTo(Triples.imageId(1));
        assertThat(skipped(deliveries.get(1)).reason()).isEqualTo(SkipReason.UNREADABLE_RECORD);
        assertThat(skipped(deliveries.get(1)).explanation())
                .isEqualTo("the record at offset 7 of preference-triples-0 cannot be decoded: Unknown magic byte!");
        assertThat(skipped(deliveries.get(2)).explanation()).isEqualTo("the record is empty");
        assertThat(skipped(deliveries.get(3)).reason()).isEqualTo(SkipReason.WRONG_SIZE);
        assertThat(pair(deliveries.get(4)).imageId()).isEqualTo(Triples.imageId(3));
    }

    private static TrainingPair pair(Delivery delivery) {
        return assertThat(delivery)
                .asInstanceOf(InstanceOfAssertFactories.type(Delivery.Usable.class))
                .actual()
                .pair();
    }

    private static Skipped skipped(Delivery delivery) {
        return assertThat(delivery)
                .asInstanceOf(InstanceOfAssertFactories.type(Delivery.Unusable.class))
                .actual()
                .skipped();
    }

    @Test
    void ends_are_passed_once_everything_below_them_was_taken() throws Exception {
        source.start(new TreeMap<>(Map.of(0, 5L, 1, 0L)));
        consumer.addRecord(record(0, 5, Triples.triple(1, RESOLUTION)));
        TreeMap<Integer, Long> ends = new TreeMap<>(Map.of(0, 6L, 1, 0L));
        eventually("delivered", () -> consumer.position(P0) == 6);
        assertThat(source.passed(ends)).as("delivered but not taken").isFalse();
        takeAll(1);
        assertThat(source.passed(ends)).isTrue();
        assertThat(source.passed(new TreeMap<>(Map.of(0, 7L, 1, 0L)))).isFalse();
        assertThat(source.ends()).as("asked while reading").containsEntry(0, 100L);
    }

    @Test
    void a_full_store_pauses_reading_and_an_emptied_one_goes_on() throws Exception {
        source.close();
        MockConsumer<byte[], byte[]> slow = new MockConsumer<>("none");
        slow.updatePartitions(TOPIC, List.of(partition(0)));
        slow.setMaxPollRecords(2);
        source = new KafkaTripleSource(
                slow,
                Topics.PREFERENCE_TRIPLES.valueDeserializer(REGISTRY),
                RESOLUTION,
                1000,
                null,
                InstantSource.system());
        source.start(new TreeMap<>(Map.of(0, 0L)));
        for (int i = 0; i < 50; i++) {
            slow.addRecord(record(0, i, Triples.triple(i, RESOLUTION)));
        }
        eventually("paused", () -> !slow.paused().isEmpty());
        Thread.sleep(50);
        assertThat(slow.position(P0)).as("a pair weighs over 400 bytes").isLessThan(10);
        assertThat(takeAll(50).stream().map(Delivery::offset)).isSorted().hasSize(50);
    }

    @Test
    void lag_tools_see_what_was_trained_and_the_markers_behind_it() throws Exception {
        source.start(new TreeMap<>(Map.of(0, 5L, 1, 0L)));
        consumer.addRecord(record(0, 5, Triples.triple(1, RESOLUTION)));
        consumer.addRecord(record(0, 6, Triples.triple(2, RESOLUTION)));
        takeAll(2);
        source.report(new TreeMap<>(Map.of(0, 6L, 1, 0L)));
        eventually("first trained", () -> committed(P0) == 6);
        consumer.schedulePollTask(() -> consumer.seek(P0, 8)); // the position moves past a marker at 7
        source.report(new TreeMap<>(Map.of(0, 7L, 1, 0L)));
        eventually("both trained", () -> committed(P0) == 8);
    }

    private long committed(TopicPartition partition) {
        Map<TopicPartition, OffsetAndMetadata> committed = consumer.committed(Set.of(partition));
        OffsetAndMetadata offset = committed.get(partition);
        return offset == null ? -1 : offset.offset();
    }

    @Test
    void an_expired_range_stops_the_trainer_by_name() throws Exception {
        consumer.updateBeginningOffsets(Map.of(P0, 360L, P1, 0L));
        consumer.schedulePollTask(() -> {
            throw new OffsetOutOfRangeException(Map.of(P0, 120L));
        });
        source.start(new TreeMap<>(Map.of(0, 120L, 1, 0L)));
        assertThatThrownBy(() -> {
                    while (source.take(Duration.ofMillis(50)).isEmpty()) {
                        Thread.onSpinWait();
                    }
                })
                .isInstanceOf(UserErrorException.class)
                .hasMessage(
                        "The trainer cannot go on without a gap: offsets 120 to 359 of preference-triples-0 have expired"
                                + " before they were trained. Start it once with --accept-gap to give them up,"
                                + " and lengthen the retention of preference-triples.");
    }

    @Test
    void a_log_that_ends_before_the_next_offset_stops_the_trainer_by_name() throws Exception {
        consumer.schedulePollTask(() -> {
            throw new OffsetOutOfRangeException(Map.of(P0, 120L));
        });
        source.start(new TreeMap<>(Map.of(0, 120L, 1, 0L)));
        assertThatThrownBy(() -> {
                    while (source.take(Duration.ofMillis(50)).isEmpty()) {
                        Thread.onSpinWait();
                    }
                })
                .hasMessageContaining(
                        "offset 120 of preference-triples-0 is due next, but the log ends before it: the topic"
                                + " was deleted or cut");
    }

    @Test
    void a_registry_that_does_not_answer_is_waited_for() throws Exception {
        source.close();
        MockConsumer<byte[], byte[]> fresh = new MockConsumer<>("none");
        fresh.updatePartitions(TOPIC, List.of(partition(0)));
        Deserializer<PreferenceTriple> good = Topics.PREFERENCE_TRIPLES.valueDeserializer(REGISTRY);
        int[] attempts = {0};
        source = new KafkaTripleSource(
                fresh,
                (topic, bytes) -> {
                    if (attempts[0]++ < 1) {
                        throw new SerializationException("no schema", new ConnectException("refused"));
                    }
                    return good.deserialize(topic, bytes);
                },
                RESOLUTION,
                1 << 20,
                null,
                InstantSource.system());
        source.start(new TreeMap<>(Map.of(0, 0L)));
        fresh.addRecord(record(0, 0, Triples.triple(1, RESOLUTION)));
        Optional<Delivery> delivery = source.take(Duration.ofSeconds(10));
        assertThat(pair(delivery.orElseThrow()).imageId()).as("not skipped").isEqualTo(Triples.imageId(1));
        assertThat(attempts[0]).isEqualTo(2);
    }

    @Test
    void a_missing_topic_is_named() {
        MockConsumer<byte[], byte[]> empty = new MockConsumer<>("none");
        assertThatThrownBy(() -> new KafkaTripleSource(
                        empty,
                        Topics.PREFERENCE_TRIPLES.valueDeserializer(REGISTRY),
                        RESOLUTION,
                        1,
                        null,
                        InstantSource.system()))
                .hasMessage("Topic preference-triples does not exist. Start the curator once, or create the topic.");
    }

    @Test
    void headroom_falls_as_the_oldest_untaken_triple_ages() throws Exception {
        source.close();
        MockConsumer<byte[], byte[]> fresh = new MockConsumer<>("none");
        fresh.updatePartitions(TOPIC, List.of(partition(0)));
        AtomicReference<Instant> now = new AtomicReference<>(Instant.ofEpochMilli(10_000));
        source = new KafkaTripleSource(
                fresh,
                Topics.PREFERENCE_TRIPLES.valueDeserializer(REGISTRY),
                RESOLUTION,
                1 << 20,
                Duration.ofSeconds(60),
                now::get);
        source.start(new TreeMap<>(Map.of(0, 0L)));
        assertThat(source.headroom()).as("nothing waits").isEmpty();
        fresh.addRecord(appended(0, 4_000));
        fresh.addRecord(appended(1, 9_000));
        eventually("both are read", () -> fresh.position(P0) == 2);
        eventually("the first waits", () -> source.headroom().equals(Optional.of(Duration.ofSeconds(54))));
        now.set(Instant.ofEpochMilli(50_000));
        assertThat(source.headroom()).contains(Duration.ofSeconds(14));
        source.take(Duration.ofSeconds(5));
        eventually("the second waits", () -> source.headroom().equals(Optional.of(Duration.ofSeconds(19))));
    }

    private static ConsumerRecord<byte[], byte[]> appended(long offset, long time) {
        ConsumerRecord<byte[], byte[]> plain = record(0, offset, Triples.triple((int) offset, RESOLUTION));
        return new ConsumerRecord<>(
                TOPIC,
                0,
                offset,
                time,
                TimestampType.LOG_APPEND_TIME,
                plain.key().length,
                plain.value().length,
                plain.key(),
                plain.value(),
                new RecordHeaders(),
                Optional.empty());
    }

    @Test
    void single_records_are_read_again_and_what_expired_is_named() {
        consumer.updateBeginningOffsets(Map.of(P0, 5L, P1, 0L));
        consumer.schedulePollTask(() -> {
            consumer.addRecord(record(0, 6, Triples.triple(1, RESOLUTION)));
            consumer.addRecord(record(0, 7, Triples.triple(2, RESOLUTION)));
            consumer.addRecord(record(0, 9, Triples.triple(3, RESOLUTION)));
        });
        List<Delivery> found = source.fetch(new TreeMap<>(Map.of(0, new TreeSet<>(Set.of(6L, 9L)))));
        assertThat(found.stream().map(Delivery::offset)).containsExactly(6L, 9L);
        consumer.schedulePollTask(() -> consumer.addRecord(record(0, 10, Triples.triple(4, RESOLUTION))));
        assertThat(source.fetch(new TreeMap<>(Map.of(0, new TreeSet<>(Set.of(10L))))))
                .as("a second call reads on")
                .hasSize(1);
        consumer.schedulePollTask(() -> consumer.setPollException(new OffsetOutOfRangeException(Map.of(P0, 2L))));
        assertThatThrownBy(() -> source.fetch(new TreeMap<>(Map.of(0, new TreeSet<>(Set.of(2L, 4L, 6L))))))
                .isInstanceOf(UserErrorException.class)
                .hasMessage("Steps that no candidate holds yet cannot be repeated: offsets 2 to 4 of"
                        + " preference-triples-0 have expired. Restore the newest candidate from a backup, or train under"
                        + " another model name; lengthen the retention of preference-triples beyond the time between two"
                        + " candidates.");
    }
}
