package dev.realalign.app.feed;

import dev.realalign.runtime.ClusterConfig;
import dev.realalign.runtime.Rules;
import dev.realalign.runtime.ServiceConfig;
import dev.realalign.runtime.StoreConfig;
import dev.realalign.schemas.Topic;
import java.net.URI;
import java.util.Map;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigDef.Importance;
import org.apache.kafka.common.config.ConfigDef.Type;

/**
 * What feeding needs to know.
 *
 * @param cluster where the brokers and the registry are
 * @param blobStore where pictures larger than {@code inlineMaxBytes} go first
 * @param inlineMaxBytes largest picture that travels inside its record, in bytes
 * @param readMaxBytes largest picture that is read at all, in bytes
 */
public record FeedConfig(ClusterConfig cluster, URI blobStore, int inlineMaxBytes, int readMaxBytes) {
    /** Largest picture that travels inside its record. */
    public static final String INLINE_MAX_BYTES = "inline.max.bytes";
    /** Largest picture that is read. */
    public static final String READ_MAX_BYTES = "feed.read.max.bytes";

    // a record also holds a caption, a source and Avro's framing
    private static final int RECORD_OVERHEAD_BYTES = 256 * 1024;

    /** Keys of the feeder alone. */
    public static final ConfigDef DEFINITION = new ConfigDef()
            .define(
                    INLINE_MAX_BYTES,
                    Type.INT,
                    256 * 1024,
                    Rules.between(0, Topic.MAX_PICTURE_RECORD_BYTES - RECORD_OVERHEAD_BYTES),
                    Importance.MEDIUM,
                    "Largest picture that travels inside its record; larger ones go to the blob store first. 0 sends every"
                            + " picture there.")
            .define(
                    READ_MAX_BYTES,
                    Type.INT,
                    64 * 1024 * 1024,
                    Rules.between(1, 1024 * 1024 * 1024),
                    Importance.LOW,
                    "Largest picture that is read; larger files count as unreadable and bound the memory of the feeder.");

    /**
     * From properties.
     *
     * @throws dev.realalign.runtime.UserErrorException for usage, with every problem
     */
    public static FeedConfig from(Map<String, String> given) {
        ServiceConfig config = ServiceConfig.definedBy(ClusterConfig.DEFINITION, StoreConfig.BLOBS, DEFINITION)
                .read(given);
        return new FeedConfig(
                ClusterConfig.from(config),
                config.uri(StoreConfig.BLOB_STORE),
                config.integer(INLINE_MAX_BYTES),
                config.integer(READ_MAX_BYTES));
    }
}
