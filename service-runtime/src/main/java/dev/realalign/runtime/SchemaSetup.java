package dev.realalign.runtime;

import dev.realalign.schemas.Topic;
import io.confluent.kafka.schemaregistry.avro.AvroSchema;
import io.confluent.kafka.schemaregistry.avro.AvroSchemaProvider;
import io.confluent.kafka.schemaregistry.client.SchemaRegistryClient;
import io.confluent.kafka.schemaregistry.client.SchemaRegistryClientFactory;
import io.confluent.kafka.schemaregistry.client.rest.exceptions.RestClientException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Registers value schemas and holds their subjects under {@link #COMPATIBILITY}. */
final class SchemaSetup {
    /** Compatibility of every value schema: today's reader reads all that was ever released. */
    static final String COMPATIBILITY = "BACKWARD_TRANSITIVE";

    private static final Logger log = LoggerFactory.getLogger(SchemaSetup.class);
    private static final int SCHEMA_CACHE = 100;

    private SchemaSetup() {}

    static void register(ClusterConfig cluster, Collection<Topic<?, ?>> topics) {
        List<String> problems = new ArrayList<>();
        try (SchemaRegistryClient registry = client(cluster)) {
            Set<String> subjects = new HashSet<>(registry.getAllSubjects());
            for (Topic<?, ?> topic : topics) {
                register(registry, topic, subjects.contains(topic.subject())).ifPresent(problems::add);
            }
        } catch (RestClientException e) {
            throw refused(cluster, e);
        } catch (IOException e) {
            throw UserErrorException.failure(
                    "no schema registry answers at " + cluster.registryUrl() + " (" + AdminCalls.reason(e)
                            + "). Start it or correct " + ClusterConfig.SCHEMA_REGISTRY_URL + ".",
                    e);
        }
        if (!problems.isEmpty()) {
            throw UserErrorException.usage(problems);
        }
    }

    /** A client of the cluster's registry; opening it connects to nothing yet. */
    static SchemaRegistryClient client(ClusterConfig cluster) {
        List<String> urls = Arrays.stream(cluster.registryUrl().split(",", -1))
                .map(String::strip)
                .filter(u -> !u.isEmpty())
                .toList();
        try {
            return SchemaRegistryClientFactory.newClient(
                    urls, SCHEMA_CACHE, List.of(new AvroSchemaProvider()), cluster.registry(), Map.of());
        } catch (RuntimeException e) {
            throw UserErrorException.usage("the settings for the schema registry at " + cluster.registryUrl()
                    + " cannot be used: " + AdminCalls.reason(e) + ". Check " + ClusterConfig.SCHEMA_REGISTRY_URL
                    + ", basic.auth.*, bearer.auth.* and schema.registry.ssl.*.");
        }
    }

    /** A new subject gets its schema first: some registries know no compatibility of a subject that does not exist. */
    private static Optional<String> register(SchemaRegistryClient registry, Topic<?, ?> topic, boolean known)
            throws IOException, RestClientException {
        AvroSchema schema = new AvroSchema(topic.registeredSchema());
        try {
            if (known) {
                hold(registry, topic.subject());
                registry.register(topic.subject(), schema);
            } else {
                registry.register(topic.subject(), schema);
                hold(registry, topic.subject());
                log.info("registered schema {}", topic.subject());
            }
            return Optional.empty();
        } catch (RestClientException e) {
            if (e.getStatus() != 409) {
                throw e;
            }
            return Optional.of("the schema registry holds a schema under " + topic.subject()
                    + " that this release cannot read (" + AdminCalls.reason(e)
                    + "). Another program or a newer release wrote it: use a registry of its own or upgrade.");
        }
    }

    private static void hold(SchemaRegistryClient registry, String subject) throws IOException, RestClientException {
        String level;
        try {
            level = registry.getCompatibility(subject);
        } catch (RestClientException e) {
            if (e.getStatus() != 404) {
                throw e;
            }
            level = "";
        }
        if (!COMPATIBILITY.equals(level)) {
            registry.updateCompatibility(subject, COMPATIBILITY);
        }
    }

    private static UserErrorException refused(ClusterConfig cluster, RestClientException e) {
        String registry = "the schema registry at " + cluster.registryUrl();
        return switch (e.getStatus()) {
            case 401, 403 -> UserErrorException.failure(
                    registry + " refuses this user (HTTP " + e.getStatus() + "). Check basic.auth.*, bearer.auth.*,"
                            + " schema.registry.ssl.* and the user's rights.",
                    e);
            case 404, 405 -> UserErrorException.failure(
                    registry + " does not speak Confluent's protocol there (HTTP " + e.getStatus()
                            + "). Check the path in " + ClusterConfig.SCHEMA_REGISTRY_URL
                            + "; Apicurio's ends in /apis/ccompat/v7.",
                    e);
            default -> UserErrorException.failure(
                    registry + " failed: " + AdminCalls.reason(e) + ". See the registry's own log.", e);
        };
    }
}
