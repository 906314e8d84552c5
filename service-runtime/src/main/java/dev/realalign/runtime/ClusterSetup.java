package dev.realalign.runtime;

import dev.realalign.schemas.Topic;
import java.time.Duration;
import java.util.Collection;
import java.util.Optional;

/**
 * Makes a cluster ready at the start of a service: topics of the catalogue exist and are as the services need them, value
 * schemas are registered under {@code BACKWARD_TRANSITIVE}. Where all is ready it changes nothing, and several services
 * may run it at the same time. Whatever stands in the way is one sentence, within the configured time.
 */
public final class ClusterSetup {
    private ClusterSetup() {}

    /**
     * Creates what is missing of these topics and checks what is there, then registers their value schemas.
     *
     * @throws UserErrorException for failure when broker or registry cannot be reached or refuse, for usage when an
     *     existing topic or schema does not fit; with every problem found
     */
    public static void prepare(ClusterConfig cluster, Collection<Topic<?, ?>> topics) {
        TopicSetup.prepare(cluster, topics);
        SchemaSetup.register(cluster, topics);
    }

    /**
     * Registers the value schemas of these topics alone, so that serializers find them; tests without a broker use it
     * with a {@code mock://} registry.
     *
     * @throws UserErrorException as {@link #prepare}
     */
    public static void registerSchemas(ClusterConfig cluster, Collection<Topic<?, ?>> topics) {
        SchemaSetup.register(cluster, topics);
    }

    /**
     * How long records of a topic stay before the broker may delete them; empty for ever.
     *
     * @throws UserErrorException when the brokers cannot be asked
     */
    public static Optional<Duration> retention(ClusterConfig cluster, Topic<?, ?> topic) {
        return TopicSetup.retention(cluster, topic);
    }

    /**
     * Makes the settings of a share group, before its first member reads: committed records only, from the earliest on.
     *
     * @throws UserErrorException when the brokers cannot be reached, refuse, or have no share groups
     */
    public static void shareGroup(ClusterConfig cluster, String group) {
        ShareGroupSetup.prepare(cluster, group);
    }
}
