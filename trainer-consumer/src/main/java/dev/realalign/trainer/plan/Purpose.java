package dev.realalign.trainer.plan;

/** What a derived random number is for. Names are part of the derivation: a renamed purpose draws other numbers. */
public enum Purpose {
    /** Initial adapter weights. */
    ADAPTER,
    /** Noise that is added to an image. */
    NOISE,
    /** Timestep an image is noised to. */
    TIMESTEP,
    /** Whether a pair trains without its caption. */
    CAPTION_DROPOUT,
    /** Whether both images of a pair are mirrored. */
    FLIP,
    /** Draw from the autoencoder's posterior. */
    POSTERIOR,
    /** Phase of a sampled trajectory, and the point that is taken of it. */
    TRAJECTORY,
    /** Noise a trajectory starts from. */
    TRAJECTORY_NOISE,
    /** Whether an image is held out. */
    HOLD_OUT,
    /** Noise of a held-out measurement. */
    HELD_OUT_NOISE,
    /** Timestep of a held-out measurement. */
    HELD_OUT_TIMESTEP,
    /** Draw from the autoencoder's posterior in a held-out measurement. */
    HELD_OUT_POSTERIOR,
    /** Slot of the reservoir that a triple takes. */
    RESERVOIR,
    /** Triple of the reservoir that a step trains again. */
    REPLAY_DRAW,
    /** Whether a triple is within the share of its source that is trained. */
    SOURCE_WEIGHT
}
