package dev.realalign.curator;

import dev.realalign.schemas.RealImage;
import dev.realalign.schemas.Topic;
import dev.realalign.schemas.Topics;
import io.confluent.kafka.schemaregistry.client.rest.exceptions.RestClientException;
import java.io.EOFException;
import java.io.IOException;
import java.time.Instant;
import java.util.Map;
import java.util.Set;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.streams.errors.StreamsException;

/**
 * Decodes values of a topic and tells a record that nobody can read from a registry that cannot be asked now: the first is
 * set aside, the second stops the thread until it can be asked.
 *
 * @param <V> type of the records
 */
final class RecordReader<V extends SpecificRecord> implements AutoCloseable {
    /** The registry's error codes for "not found": subject 40401, version 40402, schema 40403. */
    private static final Set<Integer> NOT_FOUND = Set.of(40401, 40402, 40403);

    private static final String AVRO = "org.apache.avro.";

    /** Written to see whether the registry still knows the schema that every record of ours has. */
    private static final RealImage PROBE = RealImage.newBuilder()
            .setImageId("")
            .setCaption("")
            .setSource("")
            .setIngestTime(Instant.EPOCH)
            .build();

    private final Map<String, ?> registry;
    private final Topic<String, V> topic;
    private final Deserializer<V> values;

    /**
     * A reader.
     *
     * @param topic where the records come from
     * @param registry properties of the registry client
     */
    RecordReader(Topic<String, V> topic, Map<String, ?> registry) {
        this.topic = topic;
        this.registry = registry;
        this.values = topic.valueDeserializer(registry);
    }

    /**
     * The record behind the bytes.
     *
     * @throws UnreadableRecordException if the bytes are no such record, now or later
     * @throws StreamsException if the registry cannot be asked
     */
    V read(byte[] value) throws UnreadableRecordException {
        try {
            return values.deserialize(topic.name(), value);
        } catch (OutOfMemoryError e) {
            throw new UnreadableRecordException("its lengths ask for more memory than there is");
        } catch (RuntimeException e) {
            if (mayPass(e)) {
                throw new StreamsException("the schema registry cannot be asked: " + rootMessage(e), e);
            }
            throw new UnreadableRecordException(rootMessage(e));
        }
    }

    /**
     * Whether the record is not to blame. Avro's own complaints about bytes are IOExceptions too; any other is the
     * network's, and any KafkaException but a SerializationException is about access or settings.
     */
    private boolean mayPass(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof RestClientException answer) {
                return !NOT_FOUND.contains(answer.getErrorCode()) || !registryKnowsOurSchema();
            }
            if (cause instanceof KafkaException && !(cause instanceof SerializationException)) {
                return true;
            }
            if (cause instanceof IOException
                    && !(cause instanceof EOFException)
                    && !cause.getClass().getName().startsWith(AVRO)) {
                return true;
            }
        }
        return false;
    }

    /** A registry that lost its schemas knows no record's; that is no fault of the records. */
    private boolean registryKnowsOurSchema() {
        try (Serializer<RealImage> serializer = Topics.REAL_IMAGES.valueSerializer(registry)) {
            serializer.serialize(Topics.REAL_IMAGES.name(), PROBE);
            return true;
        } catch (KafkaException lost) {
            return false;
        }
    }

    /** Of the deepest cause, which is the one that saw the bytes. */
    static String rootMessage(Throwable failure) {
        Throwable root = failure;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        String message = root.getMessage();
        return root instanceof SerializationException && message != null
                ? message
                : root.getClass().getSimpleName() + (message == null ? "" : ": " + message);
    }

    @Override
    public void close() {
        values.close();
    }

    /** The bytes are no record of any released schema of the topic. */
    static final class UnreadableRecordException extends Exception {
        private static final long serialVersionUID = 1L;

        UnreadableRecordException(String message) {
            super(message);
        }
    }
}
