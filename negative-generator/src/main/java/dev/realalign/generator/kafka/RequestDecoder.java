package dev.realalign.generator.kafka;

import dev.realalign.generator.answer.AnswerCounts;
import dev.realalign.generator.answer.Received;
import dev.realalign.schemas.NegativeRequest;
import dev.realalign.schemas.Topics;
import dev.realalign.schemas.UndecodableRecordException;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.Deserializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Records of {@code negative-requests} as requests. */
final class RequestDecoder implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(RequestDecoder.class);

    private final Deserializer<NegativeRequest> values;
    private final AnswerCounts counts;

    RequestDecoder(Map<String, Object> registry, AnswerCounts counts) {
        this.values = Topics.NEGATIVE_REQUESTS.valueDeserializer(registry);
        this.counts = counts;
    }

    /**
     * The request of a record; empty where it is none, which is counted: there is nobody to answer.
     *
     * @throws UndecodableRecordException when the registry cannot be asked, so that a later attempt may succeed
     */
    Optional<Received> decode(ConsumerRecord<String, byte[]> record) {
        String trouble = "it is empty";
        try {
            NegativeRequest request =
                    record.value() == null ? null : values.deserialize(record.topic(), record.value());
            if (request != null) {
                return Optional.of(new Received(record.partition(), record.offset(), request));
            }
        } catch (KafkaException e) {
            UndecodableRecordException undecodable = new UndecodableRecordException(
                    new TopicPartition(record.topic(), record.partition()), record.offset(), e);
            if (undecodable.mayPass()) {
                throw undecodable;
            }
            trouble = String.valueOf(undecodable.getMessage());
        }
        counts.undecodable();
        log.warn("offset {} of {}-{} is no request: {}", record.offset(), record.topic(), record.partition(), trouble);
        return Optional.empty();
    }

    @Override
    public void close() {
        values.close();
    }
}
