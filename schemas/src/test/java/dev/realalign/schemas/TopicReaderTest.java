package dev.realalign.schemas;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.ConnectException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.MockConsumer;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.serialization.Deserializer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class TopicReaderTest {
    private static final TopicPartition PARTITION = new TopicPartition("publishing-log", 0);

    private final MockConsumer<byte[], byte[]> consumer = new MockConsumer<>("earliest");
    private boolean registryDown;

    @Test
    @DisplayName("Records come in order with their keys, tombstones as null, and then the reader is at the end")
    void readsToTheEnd() {
        topicWithEnd(3);
        TopicReader<PublishingDecision> reader = reader();
        assertThat(reader.isAtEnd()).isFalse();
        append(0, "tiny", "first");
        append(1, "tiny", null);
        append(2, "other", "third");

        List<TopicReader.Entry<PublishingDecision>> entries = reader.poll(Duration.ZERO);

        assertThat(entries).extracting(TopicReader.Entry::key).containsExactly("tiny", "tiny", "other");
        assertThat(entries.get(0).value())
                .extracting(PublishingDecision::getReason)
                .isEqualTo("first");
        assertThat(entries.get(1).value()).isNull();
        assertThat(entries.get(2).offset()).isEqualTo(2);
        assertThat(reader.isAtEnd()).isTrue();
    }

    @Test
    @DisplayName("An undecodable record is named, stays next, and can be passed over")
    void undecodable() {
        topicWithEnd(3);
        TopicReader<PublishingDecision> reader = reader();
        append(0, "tiny", "first");
        append(1, "tiny", "garbage");
        append(2, "tiny", "third");

        assertThat(reader.poll(Duration.ZERO)).hasSize(1);
        append(1, "tiny", "garbage");
        append(2, "tiny", "third");
        assertThatThrownBy(() -> reader.poll(Duration.ZERO))
                .isInstanceOfSatisfying(UndecodableRecordException.class, undecodable -> {
                    assertThat(undecodable)
                            .hasMessage(
                                    "the record at offset 1 of publishing-log-0 cannot be decoded: unknown magic byte");
                    assertThat(undecodable.mayPass()).isFalse();
                    reader.skip(undecodable);
                });
        append(2, "tiny", "third");

        assertThat(reader.poll(Duration.ZERO))
                .extracting(TopicReader.Entry::offset)
                .containsExactly(2L);
    }

    @Test
    @DisplayName("A registry that does not answer may answer later")
    void registryDown() {
        topicWithEnd(1);
        TopicReader<PublishingDecision> reader = reader();
        registryDown = true;
        append(0, "tiny", "first");

        assertThatThrownBy(() -> reader.poll(Duration.ZERO))
                .isInstanceOfSatisfying(UndecodableRecordException.class, undecodable -> {
                    assertThat(undecodable).hasMessageEndingWith("cannot be decoded: Connection refused");
                    assertThat(undecodable.mayPass()).isTrue();
                });
        registryDown = false;
        append(0, "tiny", "first");

        assertThat(reader.poll(Duration.ZERO)).hasSize(1);
    }

    @Test
    @DisplayName("A topic that does not exist is named")
    void noTopic() {
        assertThatThrownBy(this::reader)
                .isInstanceOf(UnknownTopicOrPartitionException.class)
                .hasMessage("topic publishing-log does not exist");
    }

    private TopicReader<PublishingDecision> reader() {
        Deserializer<PublishingDecision> values = (topic, bytes) -> decode(new String(bytes, StandardCharsets.UTF_8));
        return new TopicReader<>(Topics.PUBLISHING_LOG, consumer, values);
    }

    private PublishingDecision decode(String reason) {
        if (registryDown) {
            IOException refused = new ConnectException("Connection refused");
            throw new SerializationException("Error retrieving Avro schema", refused);
        }
        if (reason.equals("garbage")) {
            throw new SerializationException("unknown magic byte");
        }
        return PublishingDecision.newBuilder()
                .setModel("tiny")
                .setCandidate("step-1")
                .setCandidateDigest("")
                .setAccepted(false)
                .setReason(reason)
                .setDecidedAt(Instant.EPOCH)
                .build();
    }

    private void topicWithEnd(long end) {
        consumer.updatePartitions(
                "publishing-log",
                List.of(new PartitionInfo("publishing-log", 0, Node.noNode(), new Node[0], new Node[0])));
        consumer.updateBeginningOffsets(Map.of(PARTITION, 0L));
        consumer.updateEndOffsets(Map.of(PARTITION, end));
    }

    private void append(long offset, String key, @Nullable String value) {
        consumer.addRecord(new ConsumerRecord<>(
                "publishing-log",
                0,
                offset,
                key.getBytes(StandardCharsets.UTF_8),
                value == null ? null : value.getBytes(StandardCharsets.UTF_8)));
    }
}
