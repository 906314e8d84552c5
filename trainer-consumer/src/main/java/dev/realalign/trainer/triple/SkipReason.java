package dev.realalign.trainer.triple;

/** Why a record of preference-triples is not trained. */
public enum SkipReason {
    /** The record is no preference triple of any released schema. */
    UNREADABLE_RECORD,
    /** The key is not the image id of the value, or no image id at all. */
    ID_MISMATCH,
    /** An image is no PNG that decodes. */
    UNREADABLE_IMAGE,
    /** An image is not at the model's resolution. */
    WRONG_SIZE,
    /** Kept for measuring. */
    HELD_OUT,
    /** A model too many versions ago made the negative. */
    STALE,
    /** Beyond the share of its source that is trained. */
    SOURCE_WEIGHT
}
