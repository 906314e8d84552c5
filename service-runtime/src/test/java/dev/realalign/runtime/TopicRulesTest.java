package dev.realalign.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.realalign.runtime.TopicRules.FoundTopic;
import dev.realalign.schemas.Topic;
import dev.realalign.schemas.Topics;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TopicRulesTest {
    private static FoundTopic found(Topic<?, ?> topic, int partitions, Map<String, String> different) {
        Map<String, String> settings = new HashMap<>(topic.settings());
        settings.put("min.insync.replicas", "1");
        settings.putAll(different);
        return new FoundTopic(topic, partitions, settings);
    }

    private static FoundTopic found(Topic<?, ?> topic, int partitions) {
        return found(topic, partitions, Map.of());
    }

    @Test
    void topics_as_the_catalogue_makes_them_are_well() {
        List<FoundTopic> all =
                Topics.all().stream().map(t -> found(t, t.partitions(3))).toList();

        assertThat(TopicRules.problems(all, 3)).isEmpty();
    }

    @Test
    void tuned_retention_is_the_users_matter() {
        assertThat(TopicRules.problems(
                        List.of(found(
                                Topics.REAL_IMAGES, 3, Map.of("retention.ms", "1", "max.message.bytes", "9000000"))),
                        3))
                .isEmpty();
    }

    @Test
    void image_topics_with_different_counts_are_named_by_count() {
        assertThat(TopicRules.problems(
                        List.of(
                                found(Topics.REAL_IMAGES, 3),
                                found(Topics.IMAGE_REJECTIONS, 3),
                                found(Topics.PREFERENCE_TRIPLES, 6)),
                        3))
                .containsExactly(
                        "image topics must have the same number of partitions, but real-images, image-rejections"
                                + " have 3 and preference-triples has 6. Records of one image would be read by different tasks:"
                                + " recreate the topics that differ.");
    }

    @Test
    void a_changed_count_is_refused_with_the_count_that_holds() {
        assertThat(TopicRules.problems(List.of(found(Topics.REAL_IMAGES, 3), found(Topics.PREFERENCE_TRIPLES, 3)), 6))
                .containsExactly(
                        "image.partitions is 6, but the image topics have 3 partitions. Their number cannot change,"
                                + " since image ids would move to other partitions: set image.partitions=3.");
    }

    @Test
    void settings_that_break_something_are_told_all_at_once_with_the_command() {
        assertThat(TopicRules.problems(
                        List.of(
                                found(
                                        Topics.REAL_IMAGES,
                                        3,
                                        Map.of("message.timestamp.type", "CreateTime", "max.message.bytes", "1048588")),
                                found(Topics.CHECKPOINTS, 2, Map.of("cleanup.policy", "delete"))),
                        3))
                .containsExactly(
                        "topic real-images has message.timestamp.type=CreateTime and needs LogAppendTime: run kafka-configs"
                                + " --alter --topic real-images --add-config message.timestamp.type=LogAppendTime.",
                        "topic real-images has max.message.bytes=1048588 and needs 4194304: run kafka-configs --alter --topic"
                                + " real-images --add-config max.message.bytes=4194304.",
                        "topic checkpoints has 2 partitions and must have 1, since its order is the order of events: recreate"
                                + " it.",
                        "topic checkpoints has cleanup.policy=delete and needs compact: run kafka-configs --alter --topic"
                                + " checkpoints --add-config cleanup.policy=compact.");
    }

    @Test
    void few_replicas_in_sync_are_a_warning_on_three_brokers_only() {
        List<FoundTopic> one = List.of(found(Topics.CHECKPOINTS, 1));

        assertThat(TopicRules.warnings(one, 2)).isEmpty();
        assertThat(TopicRules.warnings(one, 3))
                .containsExactly(
                        "topic checkpoints has min.insync.replicas=1 on 3 brokers: a record may be lost with one of"
                                + " them; 2 is safe");
        assertThat(TopicRules.warnings(List.of(found(Topics.CHECKPOINTS, 1, Map.of("min.insync.replicas", "2"))), 3))
                .isEmpty();
    }
}
