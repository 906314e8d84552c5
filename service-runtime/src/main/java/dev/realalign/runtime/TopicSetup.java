package dev.realalign.runtime;

import dev.realalign.runtime.TopicRules.FoundTopic;
import dev.realalign.schemas.Topic;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.errors.ApiException;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Creates topics of the catalogue and checks the ones that exist by {@link TopicRules}. */
final class TopicSetup {
    private static final Logger log = LoggerFactory.getLogger(TopicSetup.class);
    private static final short BROKER_DEFAULT = -1;
    private static final Duration APPEARANCE_PAUSE = Duration.ofMillis(50);

    private TopicSetup() {}

    static void prepare(ClusterConfig cluster, Collection<Topic<?, ?>> topics) {
        try (Admin admin = AdminCalls.open(cluster)) {
            int brokers =
                    AdminCalls.await(cluster, admin.describeCluster().nodes()).size();
            Set<String> present = AdminCalls.await(cluster, admin.listTopics().names());
            create(
                    cluster,
                    admin,
                    topics.stream().filter(t -> !present.contains(t.name())).toList());
            List<FoundTopic> found = find(cluster, admin, topics);
            List<String> problems = TopicRules.problems(found, cluster.imagePartitions());
            if (!problems.isEmpty()) {
                throw UserErrorException.usage(problems);
            }
            TopicRules.warnings(found, brokers).forEach(log::warn);
        }
    }

    /** How long records of a topic stay, as the broker has it; empty for ever. */
    static Optional<Duration> retention(ClusterConfig cluster, Topic<?, ?> topic) {
        try (Admin admin = AdminCalls.open(cluster)) {
            return find(cluster, admin, List.of(topic)).stream()
                    .map(found -> Long.parseLong(found.settings().getOrDefault(TopicConfig.RETENTION_MS_CONFIG, "-1")))
                    .filter(millis -> millis >= 0)
                    .map(Duration::ofMillis)
                    .findFirst();
        }
    }

    private static void create(ClusterConfig cluster, Admin admin, List<Topic<?, ?>> topics) {
        Map<String, NewTopic> wanted = new TreeMap<>();
        for (Topic<?, ?> topic : topics) {
            int partitions = topic.partitions(cluster.imagePartitions());
            wanted.put(topic.name(), new NewTopic(topic.name(), partitions, BROKER_DEFAULT).configs(topic.settings()));
        }
        if (wanted.isEmpty()) {
            return;
        }
        List<String> problems = new ArrayList<>();
        admin.createTopics(wanted.values()).values().forEach((name, created) -> {
            try {
                AdminCalls.await(cluster, created);
                log.info("created topic {}", wanted.get(name));
            } catch (TopicExistsException e) {
                log.debug("another service created topic {} first", name);
            } catch (UserErrorException e) {
                if (!(e.getCause() instanceof AuthorizationException)) {
                    throw e;
                }
                problems.add(
                        "This user neither sees topic " + name + " nor may create it. Give it the rights that"
                                + " docs/security.md lists for its role; where the topic is missing, realalign setup creates it.");
            } catch (ApiException e) {
                problems.add("topic " + name + " cannot be created: " + AdminCalls.reason(e)
                        + ". Create it by hand as docs/topics.md says.");
            }
        });
        if (!problems.isEmpty()) {
            throw UserErrorException.failure(problems);
        }
    }

    /** A topic just created may take a moment to be known to the broker asked. */
    private static List<FoundTopic> find(ClusterConfig cluster, Admin admin, Collection<Topic<?, ?>> topics) {
        long deadline = System.nanoTime() + cluster.timeout().toNanos();
        while (true) {
            try {
                return findNow(cluster, admin, topics);
            } catch (UnknownTopicOrPartitionException e) {
                if (System.nanoTime() > deadline) {
                    throw UserErrorException.failure(
                            "topics were created but do not appear: " + AdminCalls.reason(e)
                                    + ". See the broker's log.",
                            e);
                }
                pause();
            }
        }
    }

    private static List<FoundTopic> findNow(ClusterConfig cluster, Admin admin, Collection<Topic<?, ?>> topics) {
        List<String> names = topics.stream().map(Topic::name).toList();
        Map<String, TopicDescription> descriptions =
                AdminCalls.await(cluster, admin.describeTopics(names).allTopicNames());
        Map<ConfigResource, KafkaFuture<Config>> settings = admin.describeConfigs(names.stream()
                        .map(n -> new ConfigResource(ConfigResource.Type.TOPIC, n))
                        .toList())
                .values();
        Map<String, Topic<?, ?>> byName = new TreeMap<>();
        topics.forEach(t -> byName.put(t.name(), t));
        Map<String, Map<String, String>> values = new TreeMap<>();
        settings.forEach((resource, answer) -> {
            Map<String, String> own = values.computeIfAbsent(resource.name(), n -> new TreeMap<>());
            Config config = AdminCalls.await(
                    cluster,
                    answer,
                    Map.of(
                            TopicAuthorizationException.class,
                            "topic " + resource.name() + " (the operation DESCRIBE_CONFIGS)"));
            config.entries().forEach(e -> own.put(e.name(), String.valueOf(e.value())));
        });
        List<FoundTopic> found = new ArrayList<>();
        byName.forEach((name, topic) -> {
            TopicDescription description = descriptions.get(name);
            if (description != null) {
                found.add(new FoundTopic(topic, description.partitions().size(), values.getOrDefault(name, Map.of())));
            }
        });
        return found;
    }

    private static void pause() {
        try {
            Thread.sleep(APPEARANCE_PAUSE.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw UserErrorException.failure("interrupted while preparing topics", e);
        }
    }
}
