package dev.realalign.runtime;

import io.confluent.kafka.schemaregistry.client.SchemaRegistryClient;
import io.confluent.kafka.schemaregistry.client.rest.exceptions.RestClientException;
import java.io.IOException;
import java.util.Optional;

/** Asks a schema registry now and then whether it still answers. */
public final class RegistryProbe implements AutoCloseable {
    private final ClusterConfig cluster;
    private final SchemaRegistryClient registry;

    /**
     * A probe that has asked nothing yet.
     *
     * @throws UserErrorException for usage when the settings cannot be used
     */
    public RegistryProbe(ClusterConfig cluster) {
        this.cluster = cluster;
        this.registry = SchemaSetup.client(cluster);
    }

    /** Why it does not answer, in a sentence; empty when it does. */
    public Optional<String> trouble() {
        try {
            registry.getAllSubjects();
            return Optional.empty();
        } catch (RestClientException e) {
            return Optional.of("The schema registry at " + cluster.registryUrl() + " answers with an error: "
                    + AdminCalls.reason(e) + ".");
        } catch (IOException | RuntimeException e) {
            return Optional.of(
                    "No schema registry answers at " + cluster.registryUrl() + " (" + AdminCalls.reason(e) + ").");
        }
    }

    @Override
    public void close() throws IOException {
        registry.close();
    }
}
