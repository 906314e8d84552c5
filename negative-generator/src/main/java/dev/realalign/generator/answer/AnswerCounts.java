package dev.realalign.generator.answer;

import java.util.Collection;
import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;

/** What a worker has done since its start; safe in every thread. */
public final class AnswerCounts {
    private final SortedMap<String, Long> negatives = new TreeMap<>();
    private final SortedMap<String, Long> refusals = new TreeMap<>();
    private long late;
    private long undecodable;

    /**
     * The numbers of one moment.
     *
     * @param negatives negatives made, by kind
     * @param refusals refusals, by reason
     * @param late requests passed over because nobody waited for them any more
     * @param undecodable records passed over because they are no requests
     */
    public record Numbers(
            SortedMap<String, Long> negatives, SortedMap<String, Long> refusals, long late, long undecodable) {
        /** Negatives of all kinds. */
        public long made() {
            return negatives.values().stream().mapToLong(Long::longValue).sum();
        }

        /** Refusals of all reasons. */
        public long refused() {
            return refusals.values().stream().mapToLong(Long::longValue).sum();
        }
    }

    /**
     * Counts what was taken together and is done with.
     *
     * @param answers answers that are written
     * @param passedOver requests whose deadline had passed
     */
    public synchronized void finished(Collection<Answered> answers, int passedOver) {
        for (Answered answered : answers) {
            var refusal = answered.answer().getRefusal();
            if (refusal == null) {
                negatives.merge(String.valueOf(answered.answer().getKind()), 1L, Long::sum);
            } else {
                refusals.merge(refusal.getReason(), 1L, Long::sum);
            }
        }
        late += passedOver;
    }

    /** Counts a record that is no request. */
    public synchronized void undecodable() {
        undecodable++;
    }

    /** The numbers of now. */
    public synchronized Numbers numbers() {
        return new Numbers(
                Collections.unmodifiableSortedMap(new TreeMap<>(negatives)),
                Collections.unmodifiableSortedMap(new TreeMap<>(refusals)),
                late,
                undecodable);
    }
}
