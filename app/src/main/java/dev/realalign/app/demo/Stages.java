package dev.realalign.app.demo;

import dev.realalign.app.demo.Snapshot.Lag;
import dev.realalign.app.demo.Snapshot.Stage;
import dev.realalign.runtime.LagReport;
import dev.realalign.runtime.LagRules;
import dev.realalign.runtime.LagTarget;
import dev.realalign.schemas.Topics;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** The stages that read topics under a consumer group, and what each reads. */
public final class Stages {
    private static final String TRAINER = "realalign-trainer-";
    private static final String LEASE = "realalign-lease-";

    /** Groups are named after the role, then (except for curators and generators, which serve every line) the model line. */
    private static final Map<String, String> TOPIC_BY_PREFIX = Map.of(
            "realalign-curator",
            Topics.REAL_IMAGES.name(),
            "realalign-generator",
            Topics.NEGATIVE_REQUESTS.name(),
            TRAINER,
            Topics.PREFERENCE_TRIPLES.name(),
            "realalign-publisher-",
            Topics.CHECKPOINT_CANDIDATES.name());

    private static final Map<String, Stage> STAGE_BY_TOPIC = Map.of(
            Topics.REAL_IMAGES.name(), Stage.CURATOR,
            Topics.PREFERENCE_TRIPLES.name(), Stage.TRAINER,
            Topics.CHECKPOINT_CANDIDATES.name(), Stage.PUBLISHER);

    private Stages() {}

    /**
     * Those of a cluster's groups that are stages, each with the topic it reads. A trainer commits its offsets without being
     * a member of their group: its members are those of the lease.
     */
    public static List<LagTarget> among(Set<String> groups) {
        List<LagTarget> targets = new ArrayList<>();
        for (String group : new TreeSet<>(groups)) {
            topicOf(group)
                    .ifPresent(topic -> targets.add(new LagTarget(
                            group,
                            Set.of(topic),
                            group.startsWith(TRAINER)
                                    ? Optional.of(LEASE + group.substring(TRAINER.length()))
                                    : Optional.empty())));
        }
        return targets;
    }

    /** What a group reads, if it is a stage. */
    static Optional<String> topicOf(String group) {
        return TOPIC_BY_PREFIX.entrySet().stream()
                .filter(stage -> group.startsWith(stage.getKey()))
                .map(Map.Entry::getValue)
                .findFirst();
    }

    /** The lag of each stage; a stage that has committed nothing is left out, as all are without a report. */
    static Map<Stage, Lag> lags(Optional<LagReport> report) {
        Map<Stage, Lag> lags = new EnumMap<>(Stage.class);
        report.ifPresent(newest -> LagRules.byTopic(newest.sample().lags()).forEach(lag -> {
            Stage stage = STAGE_BY_TOPIC.get(lag.topic());
            if (stage != null) {
                lags.put(stage, new Lag(lag.records(), lag.seconds()));
            }
        }));
        return lags;
    }
}
