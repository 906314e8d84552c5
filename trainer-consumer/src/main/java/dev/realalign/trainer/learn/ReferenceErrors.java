package dev.realalign.trainer.learn;

import dev.realalign.trainer.triple.TrainingPair;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * The reference's errors on the held-out set, which change only when reference or set do: half of a measurement's work. They
 * are kept batch by batch, since in another batch the last bits of a sum may be others.
 */
final class ReferenceErrors {
    private final Map<Batch, double[]> known = new HashMap<>();
    private String reference = "";

    /**
     * A batch of held-out pairs.
     *
     * @param slot which of their noises and timesteps
     * @param triples their digests, in order
     */
    private record Batch(int slot, List<String> triples) {}

    /**
     * Sums of squared errors of a batch's samples, preferred ones first; not to be changed.
     *
     * @param referenceDigest SHA-256 of the reference adapter
     * @param measure measures them
     */
    double[] of(String referenceDigest, int slot, List<TrainingPair> pairs, Supplier<double[]> measure) {
        if (!referenceDigest.equals(reference)) {
            known.clear();
            reference = referenceDigest;
        }
        Batch batch = new Batch(slot, pairs.stream().map(TrainingPair::digest).toList());
        return known.computeIfAbsent(batch, b -> measure.get());
    }
}
