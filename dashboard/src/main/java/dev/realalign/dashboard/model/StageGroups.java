package dev.realalign.dashboard.model;

import java.util.Map;

/**
 * Under which groups the stages of a line are seen.
 *
 * @param names group of each stage
 */
public record StageGroups(Map<Stage, String> names) {
    /** Copies the map. */
    public StageGroups {
        names = Map.copyOf(names);
    }

    /** The group of a stage. */
    String of(Stage stage) {
        return names.getOrDefault(stage, "");
    }
}
