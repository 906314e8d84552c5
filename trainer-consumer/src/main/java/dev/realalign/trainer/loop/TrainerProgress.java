package dev.realalign.trainer.loop;

import dev.realalign.trainer.learn.HeldOutMeasure;
import dev.realalign.trainer.learn.StepMetrics;
import dev.realalign.trainer.stage.StageMark;
import dev.realalign.trainer.triple.SkipReason;
import java.time.Duration;
import java.util.Map;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/**
 * How far a trainer is: a snapshot.
 *
 * @param step optimizer steps taken in the life of the line
 * @param stage the stage under training
 * @param triples triples trained in the life of the line
 * @param skipped records of this run that were consumed without being trained, by reason
 * @param notApplied steps of this run whose loss or gradient was not finite
 * @param candidates candidates announced in this run
 * @param candidateStep step of the newest announced candidate; 0 before the first
 * @param nextOffsets next offset to train of every partition
 * @param open pairs waiting in the open batch
 * @param last measures of the last step, null before the first of this run
 * @param heldOut newest measure of the held-out set, null before the first
 * @param heldOutPairs pairs in the held-out set
 * @param pairsPerSecond pairs trained per second of training, over the last steps
 * @param idleRatio share of the time spent waiting for triples, over the last steps
 * @param headroom how long the oldest triple not taken yet stays in the log; null when none waits or none expires
 * @param session number of the session in the life of the line
 * @param ledgerSha256 hash chain of the ledger at the newest candidate, empty before the first
 * @param weightsSha256 SHA-256 of the adapter's file in the newest candidate, empty before the first
 * @param reservoir triples that may be trained again
 * @param referenceStep last step behind the reference's weights
 * @param alarm kind of the alarm after which training rests, a name of {@link Alarm.Kind}; null while it does not
 * @param resting why training rests until somebody resumes it; null while it does not
 */
public record TrainerProgress(
        long step,
        StageMark stage,
        long triples,
        Map<SkipReason, Long> skipped,
        long notApplied,
        long candidates,
        long candidateStep,
        SortedMap<Integer, Long> nextOffsets,
        int open,
        @Nullable StepMetrics last,
        @Nullable HeldOutMeasure heldOut,
        int heldOutPairs,
        double pairsPerSecond,
        double idleRatio,
        @Nullable Duration headroom,
        long session,
        String ledgerSha256,
        String weightsSha256,
        int reservoir,
        long referenceStep,
        @Nullable String alarm,
        @Nullable String resting) {}
