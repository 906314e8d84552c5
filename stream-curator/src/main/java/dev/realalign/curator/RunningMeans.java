package dev.realalign.curator;

import dev.realalign.curator.gate.RunningMean;
import java.util.Optional;

/** The running means of a partition. */
interface RunningMeans {

    /** Mean colourfulness so far; empty before the first picture. */
    Optional<RunningMean> colourfulness();

    /** Replaces the mean colourfulness. */
    void setColourfulness(RunningMean mean);
}
