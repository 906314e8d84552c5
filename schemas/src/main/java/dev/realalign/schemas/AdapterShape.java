package dev.realalign.schemas;

import java.util.List;

/**
 * Shape of a LoRA adapter (arXiv 2106.09685): what must stay the same within a line of versions.
 *
 * @param rank inner dimension r
 * @param alpha scale; an update is (alpha / rank) B A
 * @param targets names of the adapted modules or their suffixes, such as {@code to_q}; sorted
 */
public record AdapterShape(int rank, double alpha, List<String> targets) {
    /** Refuses ranks below 1, alphas that are not positive and an empty list of targets. */
    public AdapterShape {
        if (rank < 1) {
            throw new IllegalArgumentException("rank must be at least 1, not " + rank);
        }
        if (!(alpha > 0) || Double.isInfinite(alpha)) {
            throw new IllegalArgumentException("alpha must be a positive number, not " + alpha);
        }
        if (targets.isEmpty()) {
            throw new IllegalArgumentException("an adapter has at least one target module");
        }
        targets = targets.stream().sorted().distinct().toList();
    }
}
