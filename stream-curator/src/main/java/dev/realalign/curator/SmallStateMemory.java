package dev.realalign.curator;

import java.util.Map;
import org.apache.kafka.streams.state.RocksDBConfigSetter;
import org.rocksdb.BlockBasedTableConfig;
import org.rocksdb.Options;

/**
 * Less memory for each store than Kafka Streams takes by default (about 100 MiB a partition): entries are tiny and most
 * are looked up once.
 */
public final class SmallStateMemory implements RocksDBConfigSetter {
    private static final long WRITE_BUFFER_BYTES = 4L * 1024 * 1024;
    private static final int WRITE_BUFFERS = 2;
    private static final long BLOCK_CACHE_BYTES = 8L * 1024 * 1024;

    /** Called by Kafka Streams by reflection. */
    public SmallStateMemory() {}

    @Override
    public void setConfig(String storeName, Options options, Map<String, Object> configs) {
        options.setWriteBufferSize(WRITE_BUFFER_BYTES);
        options.setMaxWriteBufferNumber(WRITE_BUFFERS);
        if (options.tableFormatConfig() instanceof BlockBasedTableConfig tables) {
            tables.setBlockCacheSize(BLOCK_CACHE_BYTES);
            options.setTableFormatConfig(tables);
        }
    }

    @Override
    public void close(String storeName, Options options) {
        // nothing of our own was opened
    }
}
