package dev.realalign.curator;

import dev.realalign.curator.negative.NegativeKind;
import java.util.List;
import java.util.Optional;

/**
 * What an image wants of the generators.
 *
 * @param kind kind of negative; empty for a perturbation
 * @param gates model-backed gates, by the names of their reasons
 * @param scores scores by name
 */
record Wish(Optional<NegativeKind> kind, List<String> gates, List<String> scores) {

    /** Whether there is anything to ask for. */
    boolean isAny() {
        return kind.isPresent() || !gates.isEmpty() || !scores.isEmpty();
    }
}
