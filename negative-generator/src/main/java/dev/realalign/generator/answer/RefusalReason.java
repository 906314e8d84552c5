package dev.realalign.generator.answer;

/** Why a request gets no negative. None of these says anything against the real image. */
public enum RefusalReason {
    /** Nothing stands out in the picture, or too little. */
    EMPTY_MASK,
    /** Too much of the picture stands out. */
    FULL_MASK,
    /** This generator knows no such kind of negative. */
    UNKNOWN_KIND,
    /** The network cannot draw this kind. */
    UNSUPPORTED_KIND,
    /** The blob store does not hold the picture. */
    PICTURE_MISSING,
    /** The blob store holds other bytes than the reference says. */
    PICTURE_DAMAGED,
    /** The picture cannot be read or is no PNG. */
    PICTURE_UNREADABLE,
    /** The picture's size is not the one this generator draws at. */
    WRONG_RESOLUTION,
    /** The network failed on this picture. */
    NETWORK_FAILURE,
    /** The negative does not fit into a record. */
    NEGATIVE_TOO_LARGE,
    /** Scores are wanted that this generator has no weights for. */
    SCORES_UNAVAILABLE,
    /** The verdict of a gate is wanted that this generator has no weights for. */
    GATE_UNAVAILABLE
}
