package dev.realalign.subscriber;

import dev.realalign.schemas.SubscriberStatus;
import dev.realalign.schemas.Topics;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** Reports written to {@code subscriber-status}. */
final class TopicStatusSink implements StatusSink {
    private static final Duration TIMEOUT = Duration.ofSeconds(5);

    private final KafkaProducer<String, byte[]> producer;
    private final Serializer<SubscriberStatus> values;

    private TopicStatusSink(KafkaProducer<String, byte[]> producer, Serializer<SubscriberStatus> values) {
        this.producer = producer;
        this.values = values;
    }

    /** @param client properties of a consumer and the registry; those that a producer has too are taken over */
    static StatusSink open(Map<String, ?> client) {
        int timeout = Math.toIntExact(TIMEOUT.toMillis());
        Map<String, Object> settings = new HashMap<>();
        client.forEach((key, value) -> {
            boolean secures = Stream.of("security.", "sasl.", "ssl.").anyMatch(key::startsWith);
            if (secures || ProducerConfig.configNames().contains(key)) {
                settings.put(key, value);
            }
        });
        settings.merge(ProducerConfig.CLIENT_ID_CONFIG, "subscriber", (own, ours) -> own + "-status");
        settings.put(ProducerConfig.ACKS_CONFIG, "all");
        settings.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, timeout);
        settings.put(ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, timeout);
        settings.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, 2 * timeout);
        settings.put(ProducerConfig.LINGER_MS_CONFIG, 0);
        Serializer<SubscriberStatus> values = Topics.SUBSCRIBER_STATUS.valueSerializer(client);
        try {
            return new TopicStatusSink(
                    new KafkaProducer<>(settings, new StringSerializer(), new ByteArraySerializer()), values);
        } catch (KafkaException e) {
            values.close();
            throw e;
        }
    }

    @Override
    public void send(SubscriberStatus status) throws InterruptedException {
        String topic = Topics.SUBSCRIBER_STATUS.name();
        byte[] value = values.serialize(topic, status);
        try {
            producer.send(new ProducerRecord<>(topic, status.getSubscriber(), value))
                    .get(2 * TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof KafkaException refused ? refused : new KafkaException(e);
        } catch (TimeoutException e) {
            throw new org.apache.kafka.common.errors.TimeoutException("no broker has taken it in time", e);
        }
    }

    @Override
    public void close() {
        producer.close(Duration.ZERO); // what was sent has arrived, or was given up
        values.close();
    }
}
