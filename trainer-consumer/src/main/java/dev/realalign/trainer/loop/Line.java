package dev.realalign.trainer.loop;

import dev.realalign.schemas.CandidateManifest;
import dev.realalign.schemas.LedgerMark;
import dev.realalign.trainer.triple.TrainingPair;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** How far a model line is: what a candidate says besides its weights, kept up step by step. */
final class Line {
    /** Measure of a candidate that was written between steps that were not finite. */
    static final String NOT_FINITE_IN_A_ROW = "steps_not_finite_in_a_row";

    private final List<TrainingPair> heldOut = new ArrayList<>();
    private SortedMap<Integer, Long> nextOffsets = new TreeMap<>();
    private long step;
    private long triples;
    private @Nullable Instant firstEvent;
    private @Nullable Instant lastEvent;
    private @Nullable LedgerMark mark;
    private Map<String, Double> measures = Map.of();
    private long notFiniteInARow;
    private long measuredAt;

    /** Takes the place of a candidate; the offsets are the caller's to translate. */
    void resume(CandidateManifest manifest, List<TrainingPair> heldOutThen, SortedMap<Integer, Long> offsets) {
        heldOut.clear();
        heldOut.addAll(heldOutThen);
        nextOffsets = new TreeMap<>(offsets);
        step = manifest.step();
        triples = manifest.triples();
        firstEvent = manifest.firstEventTime();
        lastEvent = manifest.lastEventTime();
        mark = manifest.ledger();
        notFiniteInARow =
                manifest.metrics().getOrDefault(NOT_FINITE_IN_A_ROW, 0.0).longValue();
        measured(manifest.metrics());
    }

    /** Takes the measures of a candidate of the weights as they are now. */
    void measured(Map<String, Double> candidate) {
        measures = Map.copyOf(candidate);
        measuredAt = step;
    }

    /** Measures of the last candidate on the way to these weights; empty before the first. */
    Map<String, Double> measures() {
        return measures;
    }

    /** Steps since that candidate. */
    long stepsSinceMeasured() {
        return step - measuredAt;
    }

    /**
     * Counts a trained step.
     *
     * @param pairs the pairs that were trained for the first time
     * @param applied whether the step changed the weights
     */
    void trained(
            long newStep,
            List<TrainingPair> pairs,
            boolean applied,
            SortedMap<Integer, Long> offsets,
            LedgerMark standing) {
        step = newStep;
        triples += pairs.size();
        nextOffsets = new TreeMap<>(offsets);
        mark = standing;
        notFiniteInARow = applied ? 0 : notFiniteInARow + 1;
        for (TrainingPair pair : pairs) {
            Instant event = pair.eventTime();
            firstEvent = firstEvent == null || event.isBefore(firstEvent) ? event : firstEvent;
            lastEvent = lastEvent == null || event.isAfter(lastEvent) ? event : lastEvent;
        }
    }

    /** Moves on in the stream without a step. */
    void moveTo(SortedMap<Integer, Long> offsets) {
        nextOffsets = new TreeMap<>(offsets);
    }

    /**
     * Says that the weights are others from here on.
     *
     * @param candidate measures of the candidate they are from; empty for the beginning of the line
     */
    void rewound(LedgerMark standing, Map<String, Double> candidate) {
        mark = standing;
        notFiniteInARow = 0;
        measured(candidate);
    }

    /** Steps up to now that changed nothing, since they were not finite, without one between that did. */
    long notFiniteInARow() {
        return notFiniteInARow;
    }

    /** Says that the reference is another from here on, so that earlier measures are no past of later ones. */
    void switched(LedgerMark standing) {
        mark = standing;
        measured(Map.of());
    }

    void holdOut(List<TrainingPair> pairs) {
        heldOut.addAll(pairs);
    }

    List<TrainingPair> heldOut() {
        return Collections.unmodifiableList(heldOut);
    }

    SortedMap<Integer, Long> nextOffsets() {
        return Collections.unmodifiableSortedMap(nextOffsets);
    }

    long step() {
        return step;
    }

    long triples() {
        return triples;
    }

    @Nullable
    Instant firstEvent() {
        return firstEvent;
    }

    @Nullable
    Instant lastEvent() {
        return lastEvent;
    }

    /**
     * Where in the ledger the weights stand.
     *
     * @throws IllegalStateException before the first step
     */
    LedgerMark mark() {
        if (mark == null) {
            throw new IllegalStateException("no step was taken yet");
        }
        return mark;
    }
}
