package dev.realalign.schemas;

import java.io.IOException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.errors.SerializationException;

/** A record that could not be decoded, with its place. */
public final class UndecodableRecordException extends SerializationException {
    private static final long serialVersionUID = 1L;

    private final transient TopicPartition partition;
    private final long offset;

    /** Names the place and the root of the failure. */
    public UndecodableRecordException(TopicPartition partition, long offset, KafkaException cause) {
        super(
                "the record at offset " + offset + " of " + PartitionName.of(partition) + " cannot be decoded: "
                        + rootMessage(cause),
                cause);
        this.partition = partition;
        this.offset = offset;
    }

    /** Partition of the record. */
    public TopicPartition partition() {
        return partition;
    }

    /** Offset of the record. */
    public long offset() {
        return offset;
    }

    /** Whether the schema registry could not be asked, so that a later attempt may succeed. */
    public boolean mayPass() {
        for (Throwable cause = getCause(); cause != null; cause = cause.getCause()) {
            if (cause instanceof IOException || cause instanceof RetriableException) {
                return true;
            }
        }
        return false;
    }

    private static String rootMessage(Throwable failure) {
        Throwable root = failure;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        return root.getMessage() == null ? root.getClass().getSimpleName() : root.getMessage();
    }
}
