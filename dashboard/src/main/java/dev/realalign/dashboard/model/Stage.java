package dev.realalign.dashboard.model;

import dev.realalign.schemas.Topics;
import java.util.Arrays;
import java.util.Optional;

/** A role that reads a topic under a consumer group, told by the topic. */
public enum Stage {
    /** Real images to triples or rejections. */
    CURATOR("curator", Topics.REAL_IMAGES.name(), "images", "./realalign curate --config FILE", true, false),
    /** The curator's requests to answers. */
    GENERATOR(
            "generator",
            Topics.NEGATIVE_REQUESTS.name(),
            "requests",
            "./realalign negatives --config FILE",
            true,
            true),
    /** Triples to candidates. */
    TRAINER("trainer", Topics.PREFERENCE_TRIPLES.name(), "triples", "./realalign train --config FILE", true, false),
    /** Candidates to versions. */
    PUBLISHER(
            "publisher",
            Topics.CHECKPOINT_CANDIDATES.name(),
            "candidates",
            "./realalign publish --config FILE",
            false,
            false);

    private final String role;
    private final String topic;
    private final String what;
    private final String command;
    private final boolean joinsAGroup;
    private final boolean dispensable;

    Stage(String role, String topic, String what, String command, boolean joinsAGroup, boolean dispensable) {
        this.role = role;
        this.topic = topic;
        this.what = what;
        this.command = command;
        this.joinsAGroup = joinsAGroup;
        this.dispensable = dispensable;
    }

    /** The stage that reads a topic. */
    public static Optional<Stage> reading(String topic) {
        return Arrays.stream(values())
                .filter(stage -> stage.topic.equals(topic))
                .findFirst();
    }

    /** Topic it reads. */
    public String topic() {
        return topic;
    }

    /** Name of the role. */
    String role() {
        return role;
    }

    /** What waits for it, in the plural. */
    String what() {
        return what;
    }

    /**
     * Whether its processes are members of a group, so that it can be seen that none runs. The publisher takes its partition by
     * itself and is fenced by its transactions.
     */
    boolean joinsAGroup() {
        return joinsAGroup;
    }

    /**
     * Whether the stream goes on without it. Without a generator the curator makes perturbations, and it asks for nothing
     * unless its mix or a gate wants a network.
     */
    boolean dispensable() {
        return dispensable;
    }

    /** How it is started. */
    String command() {
        return command;
    }
}
