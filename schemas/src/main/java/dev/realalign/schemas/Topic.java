package dev.realalign.schemas;

import io.confluent.kafka.schemaregistry.avro.AvroSchemaUtils;
import io.confluent.kafka.serializers.AbstractKafkaSchemaSerDeConfig;
import io.confluent.kafka.serializers.KafkaAvroDeserializer;
import io.confluent.kafka.serializers.KafkaAvroDeserializerConfig;
import io.confluent.kafka.serializers.KafkaAvroSerializer;
import io.confluent.kafka.serializers.KafkaAvroSerializerConfig;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import org.apache.avro.Schema;
import org.apache.avro.specific.SpecificData;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.Serializer;

/**
 * A topic with its types and its policy. Serializers are made from here and never travel as loose arguments.
 *
 * @param <K> key type
 * @param <V> value type, a generated Avro record
 * @param name topic name
 * @param keySerde how keys are written
 * @param keyForm what a key looks like, in words
 * @param valueType generated class of the values
 * @param partitioning whether the topic is co-partitioned with the other image topics or has one partition
 * @param retention what the broker may forget
 * @param pictures whether records carry pictures, which makes them large and incompressible
 * @param documentation what the topic is for, in one sentence
 */
public record Topic<K, V extends SpecificRecord>(
        String name,
        Serde<K> keySerde,
        String keyForm,
        Class<V> valueType,
        Partitioning partitioning,
        Retention retention,
        boolean pictures,
        String documentation) {

    /** Largest record of a topic that carries pictures, in bytes: 4 MiB. */
    public static final int MAX_PICTURE_RECORD_BYTES = 4 * 1024 * 1024;

    static {
        TrustedRecords.allow();
    }

    /** How many partitions a topic has. */
    public enum Partitioning {
        /** Co-partitioned by image id: as many partitions as every other image topic of the cluster. */
        BY_IMAGE,
        /** One partition: its order is the order of events. */
        SINGLE
    }

    /** What the broker may forget. */
    public sealed interface Retention {
        /**
         * Old records go.
         *
         * @param time age at which they go
         * @param bytesPerPartition size of a partition beyond which the oldest go, in bytes
         */
        record Delete(Duration time, long bytesPerPartition) implements Retention {}

        /** The newest record of every key stays for ever. */
        record Compact() implements Retention {}

        /** Every record stays for ever. */
        record Forever() implements Retention {}
    }

    /** Starts a topic keyed by text. */
    static <V extends SpecificRecord> Topic<String, V> keyedByText(
            String name,
            String keyForm,
            Class<V> valueType,
            Partitioning partitioning,
            Retention retention,
            boolean pictures,
            String documentation) {
        return new Topic<>(name, Serdes.String(), keyForm, valueType, partitioning, retention, pictures, documentation);
    }

    /**
     * The same topic under another name, for a second run beside the first.
     *
     * @param other name of the topic
     */
    public Topic<K, V> named(String other) {
        return new Topic<>(other, keySerde, keyForm, valueType, partitioning, retention, pictures, documentation);
    }

    /**
     * Number of partitions.
     *
     * @param imagePartitions number the cluster gives to the image topics
     */
    public int partitions(int imagePartitions) {
        return partitioning == Partitioning.BY_IMAGE ? imagePartitions : 1;
    }

    /** The topic's settings on the broker, by Kafka's names. */
    public Map<String, String> settings() {
        Map<String, String> settings = new TreeMap<>();
        settings.put(TopicConfig.MESSAGE_TIMESTAMP_TYPE_CONFIG, "LogAppendTime");
        if (pictures) {
            settings.put(TopicConfig.MAX_MESSAGE_BYTES_CONFIG, Integer.toString(MAX_PICTURE_RECORD_BYTES));
            settings.put(TopicConfig.COMPRESSION_TYPE_CONFIG, "uncompressed");
        }
        if (retention instanceof Retention.Compact) {
            settings.put(TopicConfig.CLEANUP_POLICY_CONFIG, TopicConfig.CLEANUP_POLICY_COMPACT);
        } else {
            settings.put(TopicConfig.CLEANUP_POLICY_CONFIG, TopicConfig.CLEANUP_POLICY_DELETE);
            Retention.Delete bound = retention instanceof Retention.Delete delete
                    ? delete
                    : new Retention.Delete(Duration.ofMillis(-1), -1);
            settings.put(
                    TopicConfig.RETENTION_MS_CONFIG, Long.toString(bound.time().toMillis()));
            settings.put(TopicConfig.RETENTION_BYTES_CONFIG, Long.toString(bound.bytesPerPartition()));
        }
        return settings;
    }

    /** Subject of the value schema in the registry. */
    public String subject() {
        return name + "-value";
    }

    /** The value schema as the registry keeps it: without the properties that only Java code generation reads. */
    public Schema registeredSchema() {
        Schema schema = SpecificData.get().getSchema(valueType);
        return AvroSchemaUtils.getSchema(SpecificData.newInstance(valueType, schema), false, false, true);
    }

    /** Serializer of keys. */
    public Serializer<K> keySerializer() {
        return keySerde.serializer();
    }

    /** Deserializer of keys. */
    public Deserializer<K> keyDeserializer() {
        return keySerde.deserializer();
    }

    /**
     * Serializer of values: Avro with the Confluent framing, under a schema that must already be registered.
     *
     * @param client client properties; {@code schema.registry.url} and its security settings are read
     */
    public Serializer<V> valueSerializer(Map<String, ?> client) {
        KafkaAvroSerializer avro = new KafkaAvroSerializer();
        avro.configure(serializerSettings(client), false);
        return new Serializer<>() {
            @Override
            public byte[] serialize(String topic, V value) {
                return avro.serialize(topic, value);
            }

            @Override
            public void close() {
                avro.close();
            }
        };
    }

    /**
     * Deserializer of values, whichever released schema wrote them.
     *
     * @param client client properties; {@code schema.registry.url} and its security settings are read
     */
    public Deserializer<V> valueDeserializer(Map<String, ?> client) {
        return valueDeserializer(new KafkaAvroDeserializer(), client);
    }

    /**
     * Deserializer of values without what makes them large: every field of type bytes, such as the pictures of a triple, is
     * skipped and left empty.
     *
     * @param client as for {@link #valueDeserializer}
     */
    public Deserializer<V> outlineDeserializer(Map<String, ?> client) {
        return valueDeserializer(new OutlineAvroDeserializer(SpecificData.get().getSchema(valueType)), client);
    }

    private Deserializer<V> valueDeserializer(KafkaAvroDeserializer avro, Map<String, ?> client) {
        avro.configure(deserializerSettings(client), false);
        return new Deserializer<>() {
            @Override
            public V deserialize(String topic, byte[] bytes) {
                Object value = avro.deserialize(topic, bytes);
                if (value != null && !valueType.isInstance(value)) {
                    throw new SerializationException("a record of " + topic + " holds "
                            + (value instanceof SpecificRecord other
                                    ? other.getSchema().getFullName()
                                    : value.getClass().getSimpleName())
                            + ", not " + valueType.getSimpleName());
                }
                return valueType.cast(value);
            }

            @Override
            public void close() {
                avro.close();
            }
        };
    }

    /** Serializer and deserializer of values together, for Kafka Streams. */
    public Serde<V> valueSerde(Map<String, ?> client) {
        return Serdes.serdeFrom(valueSerializer(client), valueDeserializer(client));
    }

    /** The topic name. */
    @Override
    public String toString() {
        return name;
    }

    private static Map<String, Object> serializerSettings(Map<String, ?> client) {
        Map<String, Object> settings = new HashMap<>(client);
        settings.putIfAbsent(AbstractKafkaSchemaSerDeConfig.AUTO_REGISTER_SCHEMAS, false);
        settings.putIfAbsent(KafkaAvroSerializerConfig.AVRO_REMOVE_JAVA_PROPS_CONFIG, true);
        return settings;
    }

    private Map<String, Object> deserializerSettings(Map<String, ?> client) {
        Map<String, Object> settings = new HashMap<>(client);
        settings.put(KafkaAvroDeserializerConfig.SPECIFIC_AVRO_READER_CONFIG, true);
        settings.put(KafkaAvroDeserializerConfig.SPECIFIC_AVRO_VALUE_TYPE_CONFIG, valueType);
        return settings;
    }
}
