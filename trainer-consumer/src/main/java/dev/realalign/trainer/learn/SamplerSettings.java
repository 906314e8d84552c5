package dev.realalign.trainer.learn;

/**
 * How objectives that sample do it.
 *
 * @param steps evaluations of the network in a trajectory
 * @param pointsPerTrajectory pairs of a batch that take their point from one trajectory in dro
 */
public record SamplerSettings(int steps, int pointsPerTrajectory) {
    /** The published settings. */
    public static final SamplerSettings PUBLISHED = new SamplerSettings(20, 1);
}
