package dev.realalign.curator.pair;

import dev.realalign.curator.gate.Rejection;
import dev.realalign.curator.negative.Negative;

/** What becomes of a picture that passed its gates. */
public sealed interface Verdict {

    /**
     * The picture has a worse counterpart.
     *
     * @param worse the negative half, PNG from the same encoder as the real half
     * @param negative how the negative was made
     */
    record Accepted(byte[] worse, Negative negative) implements Verdict {}

    /**
     * The picture is not used.
     *
     * @param rejection why
     */
    record Rejected(Rejection rejection) implements Verdict {}
}
