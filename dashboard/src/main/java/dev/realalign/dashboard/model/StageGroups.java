package dev.realalign.dashboard.model;

import java.util.Map;

/**
 * Under which groups the stages of a line are seen.
 *
 * @param reading group whose committed offsets tell how far a stage is
 * @param joined group whose members are the stage's processes
 */
public record StageGroups(Map<Stage, String> reading, Map<Stage, String> joined) {
    /** Copies the maps. */
    public StageGroups {
        reading = Map.copyOf(reading);
        joined = Map.copyOf(joined);
    }
}
