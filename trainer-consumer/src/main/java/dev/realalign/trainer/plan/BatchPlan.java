package dev.realalign.trainer.plan;

import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What a step will train, fixed before it is trained.
 *
 * @param step the optimizer step these members make, from 1
 * @param members what is trained for the first time, in order
 * @param drawn what is trained again after them, in order: draws from the reservoir
 * @param skipped what was consumed without being trained since the plan before, held-out triples among them
 * @param nextOffsets next offset to read of every partition once this plan is done
 * @param closing why the batch was closed
 */
public record BatchPlan(
        long step,
        List<Member> members,
        List<Member> drawn,
        List<Skipped> skipped,
        SortedMap<Integer, Long> nextOffsets,
        Closing closing) {

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
        drawn = List.copyOf(drawn);
        skipped = List.copyOf(skipped);
        nextOffsets = Collections.unmodifiableSortedMap(new TreeMap<>(nextOffsets));
    }

    /** This plan with draws from the reservoir. */
    public BatchPlan with(List<Member> draws) {
        return new BatchPlan(step, members, draws, skipped, nextOffsets, closing);
    }
}
