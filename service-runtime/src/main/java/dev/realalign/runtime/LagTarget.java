package dev.realalign.runtime;

import java.util.Optional;
import java.util.Set;

/**
 * A group to measure.
 *
 * @param group consumer, streams or share group
 * @param topics topics it is to read; empty for those it has committed offsets in
 * @param workers group whose members do the work, where that is another one: a role that holds a lease and commits its
 *     offsets elsewhere
 */
public record LagTarget(String group, Set<String> topics, Optional<String> workers) {
    /** Copies the topics. */
    public LagTarget {
        topics = Set.copyOf(topics);
    }

    /** Which of a cluster's groups are measured. */
    @FunctionalInterface
    public interface Choice {
        /** Every group, in the topics it has committed offsets in. */
        Choice EVERY_GROUP = groups -> groups.stream()
                .map(group -> new LagTarget(group, Set.of(), Optional.empty()))
                .toList();

        /**
         * The targets.
         *
         * @param groups names of the groups the cluster has now; a target may name others, which have committed nothing
         */
        Iterable<LagTarget> among(Set<String> groups);
    }
}
