package dev.realalign.dashboard.model;

import java.util.List;

/**
 * Processes that are members of a stage's group at the moment.
 *
 * @param stage the stage
 * @param working client and host of those that hold partitions
 * @param standingBy client and host of the others
 */
public record Members(Stage stage, List<String> working, List<String> standingBy) {
    /** Copies the lists. */
    public Members {
        working = List.copyOf(working);
        standingBy = List.copyOf(standingBy);
    }
}
