package dev.realalign.trainer.stage;

import java.util.Locale;

/**
 * Which weights the frozen reference has. It changes by this rule alone.
 *
 * @param start what it is when the stage begins
 * @param mixShare share of the policy that is mixed into it, in [0, 1]; 0 leaves it frozen (trust region: TR-DPO, arXiv
 *     2404.09656)
 * @param mixEvery steps from one mix to the next
 */
public record ReferenceRule(Start start, double mixShare, int mixEvery) {
    /** What the reference is when a stage begins. */
    public enum Start {
        /** The published weights of the stage before; the base model in the first. */
        PREVIOUS,
        /** The base model without any adapter's effect. */
        BASE,
        /** What it was in the stage before. */
        KEPT,
        /** The published weights of the stage before, and then those of each version that is accepted. */
        ACCEPTED;

        /** The word in a plan. */
        String text() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** The weights of the stage before, frozen. */
    public static final ReferenceRule PREVIOUS = new ReferenceRule(Start.PREVIOUS, 0, 0);

    /** Whether it becomes each version that is accepted. */
    public boolean followsAccepted() {
        return start == Start.ACCEPTED;
    }

    /** Whether the policy is mixed in after this step of a stage, from 1. */
    public boolean mixesAfter(long step) {
        return mixShare > 0 && step % mixEvery == 0;
    }

    @Override
    public String toString() {
        return start.text() + (mixShare > 0 ? ", mix " + mixShare + "/" + mixEvery : "");
    }
}
