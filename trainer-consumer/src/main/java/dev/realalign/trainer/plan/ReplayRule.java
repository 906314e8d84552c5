package dev.realalign.trainer.plan;

/**
 * How much of what is trained was trained before. A full batch keeps its size: the draws take the place of fresh pairs.
 *
 * @param capacity triples the reservoir holds at most
 * @param draws draws in a full batch; 0 replays nothing and keeps no reservoir
 * @param fresh fresh pairs in a full batch, at least 1
 */
public record ReplayRule(int capacity, int draws, int fresh) {

    /** Refuses a batch without fresh pairs, and draws from nothing. */
    public ReplayRule {
        if (fresh < 1 || draws < 0 || (draws > 0 && capacity < 1)) {
            throw new IllegalArgumentException(
                    "a batch has a fresh pair and draws from a reservoir with room: capacity " + capacity + ", draws "
                            + draws + ", fresh pairs " + fresh);
        }
    }

    /** No replay. */
    public static ReplayRule none(int batchPairs) {
        return new ReplayRule(0, 0, batchPairs);
    }

    /**
     * A share of each batch.
     *
     * @param share of the batch, rounded to whole pairs; in [0, 1)
     */
    public static ReplayRule of(int batchPairs, double share, int capacity) {
        int draws = draws(batchPairs, share);
        return new ReplayRule(capacity, draws, batchPairs - draws);
    }

    /** Draws in a full batch of this share. */
    public static int draws(int batchPairs, double share) {
        return (int) Math.round(batchPairs * share);
    }

    /** Whether anything is replayed. */
    public boolean replays() {
        return draws > 0;
    }

    /** Draws that go with these many fresh pairs: the same share of a batch that closed early. */
    int drawsBeside(int freshPairs) {
        return freshPairs * draws / fresh;
    }
}
