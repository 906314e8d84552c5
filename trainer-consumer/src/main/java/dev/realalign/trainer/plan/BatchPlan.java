package dev.realalign.trainer.plan;

import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What a step will train, fixed before it is trained.
 *
 * @param step the optimizer step these members make, from 1
 * @param members what is trained, in order
 * @param skipped what was consumed without being trained since the plan before, held-out triples among them
 * @param nextOffsets next offset to read of every partition once this plan is done
 * @param closing why the batch was closed
 */
public record BatchPlan(
        long step, List<Member> members, List<Skipped> skipped, SortedMap<Integer, Long> nextOffsets, Closing closing) {

    /** Why a batch was closed. */
    public enum Closing {
        /** It was full. */
        SIZE,
        /** The stream was quiet for the longest wait. */
        WAIT,
        /** Somebody asked for what there was. */
        FLUSH
    }

    public BatchPlan {
        members = List.copyOf(members);
        skipped = List.copyOf(skipped);
        nextOffsets = Collections.unmodifiableSortedMap(new TreeMap<>(nextOffsets));
    }
}
