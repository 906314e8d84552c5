package dev.realalign.curator;

import dev.realalign.curator.gate.RunningMean;
import java.util.Optional;

/** Running means without a store, for a run that begins at the first picture. */
final class MeansInMemory implements RunningMeans {
    private Optional<RunningMean> mean = Optional.empty();

    @Override
    public Optional<RunningMean> colourfulness() {
        return mean;
    }

    @Override
    public void setColourfulness(RunningMean newest) {
        mean = Optional.of(newest);
    }
}
