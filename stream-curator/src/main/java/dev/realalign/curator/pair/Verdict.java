package dev.realalign.curator.pair;

import dev.realalign.curator.gate.Rejection;
import dev.realalign.curator.negative.Negative;

/** What becomes of a picture. */
public sealed interface Verdict {

    /**
     * The picture has a worse counterpart.
     *
     * @param real the real half, PNG
     * @param worse the negative half, PNG from the same encoder
     * @param negative how the negative was made
     */
    record Accepted(byte[] real, byte[] worse, Negative negative) implements Verdict {}

    /**
     * The picture is not used.
     *
     * @param rejection why
     */
    record Rejected(Rejection rejection) implements Verdict {}
}
