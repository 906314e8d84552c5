package dev.realalign.curator;

import dev.realalign.curator.gate.Reason;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;

/**
 * Verdicts of this process since its start, for a live display. A verdict whose transaction was aborted is counted
 * again when its record is judged again: exact counts come from the topics.
 */
public final class CurationCounts {
    private final LongAdder accepted = new LongAdder();
    private final Map<Reason, LongAdder> rejected = new ConcurrentHashMap<>();
    private final Map<Reason, LongAdder> shadowed = new ConcurrentHashMap<>();
    private final LongAdder answersDropped = new LongAdder();
    private final LongAdder deadlinesPassed = new LongAdder();

    /** Counters at zero. */
    public CurationCounts() {}

    void count(Outcome outcome) {
        if (outcome instanceof Outcome.Rejected rejection) {
            increment(rejected, rejection.reason());
        } else {
            accepted.increment();
        }
        outcome.shadow().forEach(reason -> increment(shadowed, reason));
    }

    private static void increment(Map<Reason, LongAdder> counts, Reason reason) {
        counts.computeIfAbsent(reason, first -> new LongAdder()).increment();
    }

    void answerDropped() {
        answersDropped.increment();
    }

    void deadlinePassed() {
        deadlinesPassed.increment();
    }

    /** Answers that no image waited for: late, doubled, unreadable or nobody's. */
    public long answersDropped() {
        return answersDropped.sum();
    }

    /** Images that stopped waiting for a generator because their time was up. */
    public long deadlinesPassed() {
        return deadlinesPassed.sum();
    }

    /** Triples made. */
    public long accepted() {
        return accepted.sum();
    }

    /** Records rejected, for each reason that occurred. */
    public Map<Reason, Long> rejected() {
        return sums(rejected);
    }

    /** Times a gate in shadow mode would have rejected a picture, for each reason that occurred. */
    public Map<Reason, Long> shadowed() {
        return sums(shadowed);
    }

    private static Map<Reason, Long> sums(Map<Reason, LongAdder> adders) {
        EnumMap<Reason, Long> counts = new EnumMap<>(Reason.class);
        adders.forEach((reason, count) -> counts.put(reason, count.sum()));
        return counts;
    }
}
