package dev.realalign.runtime;

import dev.realalign.schemas.Topic;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.kafka.common.config.TopicConfig;

/** What existing topics must be. No I/O. */
final class TopicRules {
    /** Settings on which correctness rests; retention may be tuned. */
    private static final List<String> FIXED =
            List.of(TopicConfig.MESSAGE_TIMESTAMP_TYPE_CONFIG, TopicConfig.CLEANUP_POLICY_CONFIG);

    private TopicRules() {}

    /**
     * A topic as the broker has it.
     *
     * @param settings effective settings by Kafka's names
     */
    record FoundTopic(Topic<?, ?> topic, int partitions, Map<String, String> settings) {}

    static List<String> problems(List<FoundTopic> found, int imagePartitions) {
        List<String> problems = new ArrayList<>();
        Map<Integer, List<String>> byCount = found.stream()
                .filter(f -> f.topic().partitioning() == Topic.Partitioning.BY_IMAGE)
                .collect(Collectors.groupingBy(
                        FoundTopic::partitions,
                        TreeMap::new,
                        Collectors.mapping(f -> f.topic().name(), Collectors.toList())));
        if (byCount.size() > 1) {
            problems.add("image topics must have the same number of partitions, but "
                    + byCount.entrySet().stream()
                            .map(e -> String.join(", ", e.getValue()) + " "
                                    + (e.getValue().size() == 1 ? "has " : "have ") + e.getKey())
                            .collect(Collectors.joining(" and "))
                    + ". Records of one image would be read by different tasks: recreate the topics that differ.");
        } else if (!byCount.isEmpty() && !byCount.containsKey(imagePartitions)) {
            int count = byCount.keySet().iterator().next();
            problems.add(ClusterConfig.IMAGE_PARTITIONS + " is " + imagePartitions + ", but the image topics have "
                    + count
                    + " partitions. Their number cannot change, since image ids would move to other partitions: set "
                    + ClusterConfig.IMAGE_PARTITIONS + "=" + count + ".");
        }
        for (FoundTopic topic : found) {
            if (topic.topic().partitioning() == Topic.Partitioning.SINGLE && topic.partitions() != 1) {
                problems.add("topic " + topic.topic() + " has " + topic.partitions()
                        + " partitions and must have 1, since its order is the order of events: recreate it.");
            }
            problems.addAll(settings(topic));
        }
        return problems;
    }

    private static List<String> settings(FoundTopic found) {
        List<String> problems = new ArrayList<>();
        Map<String, String> wanted = found.topic().settings();
        for (String setting : FIXED) {
            String is = found.settings().getOrDefault(setting, "");
            String needed = wanted.getOrDefault(setting, "");
            if (!needed.equals(is)) {
                problems.add(mend(found.topic(), setting, is, needed));
            }
        }
        String size = wanted.get(TopicConfig.MAX_MESSAGE_BYTES_CONFIG);
        String is = found.settings().getOrDefault(TopicConfig.MAX_MESSAGE_BYTES_CONFIG, "0");
        if (size != null && Long.parseLong(is) < Long.parseLong(size)) {
            problems.add(mend(found.topic(), TopicConfig.MAX_MESSAGE_BYTES_CONFIG, is, size));
        }
        return problems;
    }

    private static String mend(Topic<?, ?> topic, String setting, String is, String wanted) {
        return "topic " + topic + " has " + setting + "=" + is + " and needs " + wanted
                + ": run kafka-configs --alter --topic " + topic + " --add-config " + setting + "=" + wanted + ".";
    }

    static List<String> warnings(List<FoundTopic> found, int brokers) {
        if (brokers < 3) {
            return List.of();
        }
        return found.stream()
                .filter(f ->
                        Integer.parseInt(f.settings().getOrDefault(TopicConfig.MIN_IN_SYNC_REPLICAS_CONFIG, "1")) < 2)
                .map(f -> "topic " + f.topic() + " has min.insync.replicas=1 on " + brokers
                        + " brokers: a record may be lost with one of them; 2 is safe")
                .toList();
    }
}
