package dev.realalign.trainer.plan;

import dev.realalign.trainer.triple.TrainingPair;
import java.util.List;

/**
 * A plan with the triples it names.
 *
 * @param plan the plan
 * @param pairs the members' pairs, in the plan's order
 * @param heldOut pairs that joined the held-out set since the batch before, in order
 */
public record Batch(BatchPlan plan, List<TrainingPair> pairs, List<TrainingPair> heldOut) {
    public Batch {
        pairs = List.copyOf(pairs);
        heldOut = List.copyOf(heldOut);
    }
}
