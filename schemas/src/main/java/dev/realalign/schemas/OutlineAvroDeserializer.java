package dev.realalign.schemas;

import io.confluent.kafka.serializers.KafkaAvroDeserializer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.avro.Schema;
import org.apache.avro.data.TimeConversions;
import org.apache.avro.io.DatumReader;
import org.apache.avro.io.Decoder;
import org.apache.avro.specific.SpecificData;
import org.apache.avro.specific.SpecificDatumReader;
import org.apache.avro.specific.SpecificRecord;
import org.jspecify.annotations.Nullable;

/** Decodes records of one type without copying their bytes fields: each is skipped, and empty in the record. */
final class OutlineAvroDeserializer extends KafkaAvroDeserializer {
    private final Schema readerSchema;
    private final Map<Schema, DatumReader<SpecificRecord>> readers = new ConcurrentHashMap<>();

    OutlineAvroDeserializer(Schema readerSchema) {
        this.readerSchema = readerSchema;
    }

    @Override
    protected DatumReader<?> getDatumReader(Schema writer, @Nullable Schema reader) {
        return readers.computeIfAbsent(writer, schema -> new OutlineReader(schema, readerSchema));
    }

    private static final class OutlineReader extends SpecificDatumReader<SpecificRecord> {
        OutlineReader(Schema writer, Schema reader) {
            super(writer, reader, data());
        }

        /** Avro's fast reader knows no {@link #readBytes}. */
        private static SpecificData data() {
            SpecificData data = new SpecificData(OutlineAvroDeserializer.class.getClassLoader());
            data.addLogicalTypeConversion(new TimeConversions.TimestampMillisConversion());
            data.setFastReaderEnabled(false);
            return data;
        }

        @Override
        protected Object readBytes(@Nullable Object old, Schema schema, Decoder in) throws IOException {
            in.skipBytes();
            return ByteBuffer.allocate(0);
        }

        @Override
        protected Object readBytes(@Nullable Object old, Decoder in) throws IOException {
            in.skipBytes();
            return ByteBuffer.allocate(0);
        }
    }
}
