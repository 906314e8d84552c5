package dev.realalign.trainer.kafka;

import dev.realalign.runtime.UserErrorException;
import dev.realalign.schemas.CheckpointCandidate;
import dev.realalign.schemas.TopicReader;
import dev.realalign.schemas.Topics;
import dev.realalign.trainer.loop.CandidateLog;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.errors.InvalidProducerEpochException;
import org.apache.kafka.common.errors.ProducerFencedException;

/**
 * Announces candidates through a transactional producer named after the model line: whoever takes over fences whoever
 * was there before, so that a line never has two trainers announcing.
 */
public final class KafkaCandidateLog implements CandidateLog {
    private final String model;
    private final Producer<String, CheckpointCandidate> producer;
    private final Map<String, Object> reader;
    private final Duration timeout;

    KafkaCandidateLog(
            String model,
            Producer<String, CheckpointCandidate> producer,
            Map<String, Object> reader,
            Duration timeout) {
        this.model = model;
        this.producer = producer;
        this.reader = reader;
        this.timeout = timeout;
    }

    /**
     * Opens the log.
     *
     * @param producer properties of an idempotent producer
     * @param registry properties of the registry client
     * @param reader properties of a reader of committed records
     * @param timeout longest wait for the history to be read
     */
    public static KafkaCandidateLog open(
            String model,
            Map<String, Object> producer,
            Map<String, Object> registry,
            Map<String, Object> reader,
            Duration timeout) {
        Map<String, Object> settings = new HashMap<>(producer);
        settings.put(ProducerConfig.TRANSACTIONAL_ID_CONFIG, "trainer-" + model);
        return new KafkaCandidateLog(
                model,
                new KafkaProducer<>(
                        settings,
                        Topics.CHECKPOINT_CANDIDATES.keySerializer(),
                        Topics.CHECKPOINT_CANDIDATES.valueSerializer(registry)),
                reader,
                timeout);
    }

    @Override
    public List<CheckpointCandidate> takeOver() {
        producer.initTransactions();
        List<CheckpointCandidate> announced = new ArrayList<>();
        for (TopicReader.Entry<CheckpointCandidate> entry :
                TopicReader.readAll(Topics.CHECKPOINT_CANDIDATES, reader, timeout)) {
            if (entry.key().equals(model) && entry.value() != null) {
                announced.add(entry.value());
            }
        }
        return announced;
    }

    @Override
    public void announce(CheckpointCandidate candidate) {
        try {
            producer.beginTransaction();
            // commitTransaction throws what the send met
            Future<RecordMetadata> unused =
                    producer.send(new ProducerRecord<>(Topics.CHECKPOINT_CANDIDATES.name(), model, candidate));
            producer.commitTransaction();
        } catch (ProducerFencedException | InvalidProducerEpochException e) {
            throw UserErrorException.failure(
                    "Another trainer of model " + model + " has taken over; candidate " + candidate.getCandidate()
                            + " of this one is not announced. Run one trainer per model.",
                    e);
        }
    }

    @Override
    public void close() {
        producer.close();
    }
}
