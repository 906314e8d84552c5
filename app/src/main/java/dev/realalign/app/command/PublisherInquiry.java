package dev.realalign.app.command;

import dev.realalign.runtime.ClusterConfig;
import dev.realalign.runtime.ClusterSetup;
import dev.realalign.runtime.UserErrorException;
import dev.realalign.schemas.CheckpointCommand;
import dev.realalign.schemas.PublishingDecision;
import dev.realalign.schemas.TopicReader;
import dev.realalign.schemas.Topics;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.serialization.Serializer;

/** Writes a command for the publisher and waits for its answer in the publishing log. */
final class PublisherInquiry {
    private static final Duration LOOK = Duration.ofMillis(250);

    private PublisherInquiry() {}

    /**
     * Asks.
     *
     * @param wanted everything but id and time
     * @return the publisher's answer, also a refusal
     * @throws UserErrorException for failure when the command cannot be written, or no publisher answers in time
     */
    static PublishingDecision ask(ReachedCluster cluster, CheckpointCommand.Builder wanted, Duration timeout)
            throws InterruptedException {
        long deadline = System.nanoTime() + timeout.toNanos();
        CheckpointCommand command = wanted.setId(id(wanted))
                .setAskedAt(Instant.now().truncatedTo(ChronoUnit.MILLIS))
                .build();
        ClusterSetup.prepare(cluster.config(), List.of(Topics.CHECKPOINT_COMMANDS, Topics.PUBLISHING_LOG));
        try {
            send(cluster.config(), command);
            try (TopicReader<PublishingDecision> log =
                    TopicReader.open(Topics.PUBLISHING_LOG, cluster.client("realalign-asker"))) {
                while (System.nanoTime() < deadline) {
                    for (TopicReader.Entry<PublishingDecision> entry : log.poll(LOOK)) {
                        PublishingDecision decision = entry.value();
                        if (decision != null && command.getId().equals(decision.getCommand())) {
                            return decision;
                        }
                    }
                }
            }
        } catch (KafkaException e) {
            throw UserErrorException.failure(
                    "The publisher could not be asked at " + cluster.config().bootstrapServers() + " (" + e.getMessage()
                            + "): see whether brokers and registry are reachable.",
                    e);
        }
        throw UserErrorException.failure("No publisher of " + command.getModel() + " answered within "
                + timeout.toSeconds() + " seconds. The command is kept: the next one to run obeys it if its expectation"
                + " still holds, and publishing-log will name it by its id " + command.getId()
                + ". Start one with realalign publish -D model.name=" + command.getModel() + ".");
    }

    private static void send(ClusterConfig cluster, CheckpointCommand command) throws InterruptedException {
        Map<String, Object> client = cluster.producer("realalign-asker");
        client.put(
                ProducerConfig.MAX_BLOCK_MS_CONFIG,
                Math.toIntExact(cluster.timeout().toMillis()));
        try (Serializer<CheckpointCommand> values = Topics.CHECKPOINT_COMMANDS.valueSerializer(cluster.registry());
                KafkaProducer<String, CheckpointCommand> producer =
                        new KafkaProducer<>(client, Topics.CHECKPOINT_COMMANDS.keySerializer(), values)) {
            producer.send(new ProducerRecord<>(Topics.CHECKPOINT_COMMANDS.name(), command.getModel(), command))
                    .get();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof KafkaException failure ? failure : new KafkaException(e.getCause());
        }
    }

    /** Two commands are never the same one, unlike their contents: process and moment are part of the name. */
    private static String id(CheckpointCommand.Builder command) {
        String moment = ProcessHandle.current().pid() + "|" + Instant.now() + "|" + System.nanoTime();
        String content = command.getModel() + "|" + command.getAction() + "|" + command.getAlias() + "|"
                + command.getActor() + "|" + command.getReason();
        return UUID.nameUUIDFromBytes((moment + "|" + content).getBytes(StandardCharsets.UTF_8))
                .toString();
    }
}
