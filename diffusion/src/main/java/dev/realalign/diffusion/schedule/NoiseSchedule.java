package dev.realalign.diffusion.schedule;

/** The noise levels a network is trained at. */
public sealed interface NoiseSchedule permits DiffusionSchedule, FlowSchedule {

    /** Number of training levels. */
    int size();

    /**
     * One training level.
     *
     * @param index 0 to size - 1; in diffusion the noise grows with the index, in flow matching it falls (index 0 is
     *     pure noise), as published
     */
    NoiseLevel level(int index);

    /** What the network predicts. */
    PredictionType prediction();
}
