package dev.realalign.runtime;

import java.net.URI;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigDef.Importance;
import org.apache.kafka.common.config.ConfigDef.Type;

/** Keys of the stores that services share. Each service reads the ones it needs. */
public final class StoreConfig {
    /** Where large images are kept. */
    public static final String BLOB_STORE = "blob.store.uri";
    /** Where candidates and versions are kept. */
    public static final String CHECKPOINT_STORE = "checkpoint.store.uri";

    /** The key of the blob store. */
    public static final ConfigDef BLOBS = new ConfigDef()
            .define(
                    BLOB_STORE,
                    Type.STRING,
                    ConfigDef.NO_DEFAULT_VALUE,
                    Rules.fileUri(),
                    Importance.HIGH,
                    "Folder of images too large to travel inside a record, as a file: URI every process can reach.");

    /** The key of the checkpoint store. */
    public static final ConfigDef CHECKPOINTS = new ConfigDef()
            .define(
                    CHECKPOINT_STORE,
                    Type.STRING,
                    ConfigDef.NO_DEFAULT_VALUE,
                    Rules.fileUri(),
                    Importance.HIGH,
                    "Folder of candidates and versions, as a file: URI every process can reach.");

    private StoreConfig() {}

    /** The blob store of configuration read against {@link #BLOBS}. */
    public static BlobStore blobs(ServiceConfig config) {
        return BlobStore.open(config.uri(BLOB_STORE));
    }

    /** The checkpoint store's root of configuration read against {@link #CHECKPOINTS}. */
    public static URI checkpoints(ServiceConfig config) {
        return config.uri(CHECKPOINT_STORE);
    }
}
