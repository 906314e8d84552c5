package dev.realalign.app.demo;

import dev.realalign.runtime.ClusterConfig;
import dev.realalign.runtime.UserErrorException;
import dev.realalign.schemas.Topics;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.GroupListing;

/** The stages that read topics under a consumer group, and what each reads. */
public final class Stages {
    /** Groups are named after the role, then (except for the curator) the model line. */
    private static final Map<String, String> TOPIC_BY_PREFIX = Map.of(
            "realalign-curator", Topics.REAL_IMAGES.name(),
            "realalign-trainer-", Topics.PREFERENCE_TRIPLES.name(),
            "realalign-publisher-", Topics.CHECKPOINT_CANDIDATES.name());

    private Stages() {}

    /**
     * The groups of this cluster that are stages, each with the topics it reads.
     *
     * @throws UserErrorException for failure when the cluster does not answer
     */
    public static Map<String, List<String>> topicsByGroup(ClusterConfig cluster) {
        try (Admin admin = Admin.create(cluster.admin())) {
            Map<String, List<String>> topics = new TreeMap<>();
            for (GroupListing group :
                    admin.listGroups().all().get(cluster.timeout().toMillis(), TimeUnit.MILLISECONDS)) {
                topicOf(group.groupId()).ifPresent(topic -> topics.put(group.groupId(), List.of(topic)));
            }
            return topics;
        } catch (ExecutionException | TimeoutException e) {
            throw UserErrorException.failure(
                    "No broker answers at " + cluster.bootstrapServers() + " (" + e.getMessage()
                            + "): start it or correct " + ClusterConfig.BOOTSTRAP_SERVERS + ".",
                    e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw UserErrorException.failure("Interrupted while asking for the consumer groups.", e);
        }
    }

    /** What a group reads, if it is a stage. */
    static Optional<String> topicOf(String group) {
        return TOPIC_BY_PREFIX.entrySet().stream()
                .filter(stage -> group.startsWith(stage.getKey()))
                .map(Map.Entry::getValue)
                .findFirst();
    }
}
