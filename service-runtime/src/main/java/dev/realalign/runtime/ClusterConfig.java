package dev.realalign.runtime;

import dev.realalign.schemas.Topic;
import dev.realalign.schemas.Topics;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigDef.Importance;
import org.apache.kafka.common.config.ConfigDef.Type;

/**
 * How the processes of RealAlign Stream reach their cluster: properties for every kind of client. Whatever the user gave
 * for Kafka's clients or the registry's passes through untouched; what correctness rests on is set last.
 *
 * @param given keys and values as the user gave them
 * @param imagePartitions partitions of each image topic
 * @param timeout longest wait for a broker or registry to answer
 */
public record ClusterConfig(Map<String, String> given, int imagePartitions, Duration timeout) {
    /** Where the brokers are. */
    public static final String BOOTSTRAP_SERVERS = "bootstrap.servers";
    /** Where the schema registry is. */
    public static final String SCHEMA_REGISTRY_URL = "schema.registry.url";
    /** Partitions of the image topics. */
    public static final String IMAGE_PARTITIONS = "image.partitions";
    /** Longest wait for an answer. */
    public static final String TIMEOUT_MS = "cluster.timeout.ms";

    /** Keys every service has. */
    public static final ConfigDef DEFINITION = new ConfigDef()
            .define(
                    BOOTSTRAP_SERVERS,
                    Type.STRING,
                    ConfigDef.NO_DEFAULT_VALUE,
                    Rules.notBlank(),
                    Importance.HIGH,
                    "Kafka brokers to start from, as host:port separated by commas.")
            .define(
                    SCHEMA_REGISTRY_URL,
                    Type.STRING,
                    ConfigDef.NO_DEFAULT_VALUE,
                    Rules.notBlank(),
                    Importance.HIGH,
                    "Schema registry that speaks Confluent's protocol, as URLs separated by commas.")
            .define(
                    IMAGE_PARTITIONS,
                    Type.INT,
                    Topics.DEFAULT_IMAGE_PARTITIONS,
                    Rules.between(1, 1000),
                    Importance.MEDIUM,
                    "Partitions of each image topic; the same for all of them, and fixed once they hold records.")
            .define(
                    TIMEOUT_MS,
                    Type.LONG,
                    15_000L,
                    Rules.between(100, 600_000),
                    Importance.LOW,
                    "Longest wait at start for a broker or the schema registry to answer.");

    private static final List<String> REGISTRY_PREFIXES = List.of("schema.registry.", "basic.auth.", "bearer.auth.");
    private static final Set<String> REGISTRY_KEYS = Set.of(
            "http.connect.timeout.ms",
            "http.read.timeout.ms",
            "proxy.host",
            "proxy.port",
            "max.retries",
            "retries.wait.ms",
            "retries.max.wait.ms",
            "latest.cache.ttl.sec",
            "missing.cache.size");
    /** Consumer settings that are the group's own business in a share group; its client refuses them. */
    private static final List<String> NOT_FOR_SHARING = List.of(
            ConsumerConfig.AUTO_OFFSET_RESET_CONFIG,
            ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG,
            ConsumerConfig.GROUP_INSTANCE_ID_CONFIG,
            ConsumerConfig.ISOLATION_LEVEL_CONFIG,
            ConsumerConfig.PARTITION_ASSIGNMENT_STRATEGY_CONFIG,
            ConsumerConfig.INTERCEPTOR_CLASSES_CONFIG,
            ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG,
            ConsumerConfig.HEARTBEAT_INTERVAL_MS_CONFIG,
            ConsumerConfig.GROUP_PROTOCOL_CONFIG,
            ConsumerConfig.GROUP_REMOTE_ASSIGNOR_CONFIG);

    private static final List<String> SECURITY_PREFIXES = List.of("security.", "sasl.", "ssl.");
    private static final List<String> KIND_PREFIXES = List.of("producer.", "consumer.", "admin.", "streams.");
    private static final long PRODUCER_BUFFER_BYTES = 64L * 1024 * 1024;

    /** Copies the map. */
    public ClusterConfig {
        given = Map.copyOf(given);
    }

    /** From configuration read against {@link #DEFINITION}, among others. */
    public static ClusterConfig from(ServiceConfig config) {
        return new ClusterConfig(config.given(), config.integer(IMAGE_PARTITIONS), config.duration(TIMEOUT_MS));
    }

    /** From properties alone. */
    public static ClusterConfig from(Map<String, String> given) {
        return from(ServiceConfig.definedBy(DEFINITION).read(given));
    }

    /** The same cluster, waited for no longer than this. */
    public ClusterConfig withTimeout(Duration longest) {
        return timeout.compareTo(longest) <= 0 ? this : new ClusterConfig(given, imagePartitions, longest);
    }

    /** Where the brokers are, as the user wrote it. */
    public String bootstrapServers() {
        return text(BOOTSTRAP_SERVERS);
    }

    /** Where the registry is, as the user wrote it. */
    public String registryUrl() {
        return text(SCHEMA_REGISTRY_URL);
    }

    /** Properties of an admin client whose calls end within {@link #timeout()}. */
    public Map<String, Object> admin() {
        Map<String, Object> client = new HashMap<>();
        client.put(AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, Math.toIntExact(timeout.toMillis()));
        client.put(AdminClientConfig.REQUEST_TIMEOUT_MS_CONFIG, Math.toIntExact(timeout.toMillis()));
        pass(client, AdminClientConfig.configNames(), "admin.");
        return client;
    }

    /** Properties of an idempotent producer that may send pictures; callers add a transactional id. */
    public Map<String, Object> producer(String clientId) {
        Map<String, Object> client = new HashMap<>();
        client.put(ProducerConfig.CLIENT_ID_CONFIG, clientId);
        client.put(ProducerConfig.MAX_REQUEST_SIZE_CONFIG, Topic.MAX_PICTURE_RECORD_BYTES);
        client.put(ProducerConfig.BUFFER_MEMORY_CONFIG, PRODUCER_BUFFER_BYTES);
        pass(client, ProducerConfig.configNames(), "producer.");
        client.put(ProducerConfig.ACKS_CONFIG, "all");
        client.put(ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, true);
        return client;
    }

    /** Properties of a consumer of committed records that commits when told; callers add a group id. */
    public Map<String, Object> consumer(String clientId) {
        Map<String, Object> client = new HashMap<>();
        client.put(ConsumerConfig.CLIENT_ID_CONFIG, clientId);
        client.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        pass(client, ConsumerConfig.configNames(), "consumer.");
        client.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
        client.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
        client.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
        return client;
    }

    /**
     * Properties of a member of a share group; callers add a group id. That it reads committed records from the earliest on
     * is the group's setting: {@link ClusterSetup#shareGroup}.
     */
    public Map<String, Object> shareConsumer(String clientId) {
        Map<String, Object> client = consumer(clientId);
        NOT_FOR_SHARING.forEach(client::remove);
        return client;
    }

    /**
     * Properties of a Kafka Streams application: the user's own, with producer and consumer keys where Streams expects
     * them. Callers add application id, guarantees and directories.
     */
    public Map<String, Object> streams() {
        Map<String, Object> client = new HashMap<>();
        client.put("producer." + ProducerConfig.MAX_REQUEST_SIZE_CONFIG, Topic.MAX_PICTURE_RECORD_BYTES);
        client.put("producer." + ProducerConfig.BUFFER_MEMORY_CONFIG, PRODUCER_BUFFER_BYTES);
        client.put("consumer." + ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        Set<String> own = DEFINITION.names();
        given.forEach((key, value) -> {
            if (key.equals(BOOTSTRAP_SERVERS) || (!own.contains(key) && passesThrough(key) && !isRegistryKey(key))) {
                client.put(key.startsWith("streams.") ? key.substring("streams.".length()) : key, value);
            }
        });
        return client;
    }

    /** Properties for {@code TopicReader}: a consumer of committed records together with the registry. */
    public Map<String, Object> reader(String clientId) {
        Map<String, Object> client = consumer(clientId);
        client.putAll(registry());
        return client;
    }

    /** Properties of the registry client and the Avro serializers. */
    public Map<String, Object> registry() {
        Map<String, Object> client = new HashMap<>();
        client.put("http.connect.timeout.ms", Math.toIntExact(timeout.toMillis()));
        client.put("http.read.timeout.ms", Math.toIntExact(timeout.toMillis()));
        given.forEach((key, value) -> {
            if (isRegistryKey(key)) {
                client.put(key, value);
            }
        });
        return client;
    }

    /** Whether a key belongs to Kafka's clients or the registry's. */
    static boolean passesThrough(String key) {
        return isRegistryKey(key)
                || Stream.concat(SECURITY_PREFIXES.stream(), KIND_PREFIXES.stream())
                        .anyMatch(key::startsWith)
                || ProducerConfig.configNames().contains(key)
                || ConsumerConfig.configNames().contains(key)
                || AdminClientConfig.configNames().contains(key);
    }

    private static boolean isRegistryKey(String key) {
        return REGISTRY_KEYS.contains(key) || REGISTRY_PREFIXES.stream().anyMatch(key::startsWith);
    }

    /** Plain keys that this kind of client knows or that concern security, then keys under its own prefix. */
    private void pass(Map<String, Object> client, Set<String> names, String prefix) {
        given.forEach((key, value) -> {
            if (names.contains(key) || SECURITY_PREFIXES.stream().anyMatch(key::startsWith)) {
                client.put(key, value);
            }
        });
        given.forEach((key, value) -> {
            if (key.startsWith(prefix)) {
                client.put(key.substring(prefix.length()), value);
            }
        });
    }

    private String text(String key) {
        String value = given.get(key);
        if (value == null) {
            throw new IllegalStateException("a cluster's configuration always has " + key);
        }
        return value;
    }

    /** Names the cluster only: the properties may hold secrets. */
    @Override
    public String toString() {
        return "cluster " + bootstrapServers() + " with schema registry " + registryUrl();
    }
}
