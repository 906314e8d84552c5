package dev.realalign.trainer.learn;

import dev.realalign.trainer.triple.TrainingPair;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

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
    private record Batch(int slot, List<String> triples) {
        static Batch of(int slot, List<TrainingPair> pairs) {
            return new Batch(slot, pairs.stream().map(TrainingPair::digest).toList());
        }
    }

    /**
     * Sums of squared errors of a batch's samples, preferred ones first; not to be changed. Null where they have not been
     * measured yet.
     *
     * @param referenceDigest SHA-256 of the reference adapter
     */
    double @Nullable [] of(String referenceDigest, int slot, List<TrainingPair> pairs) {
        if (!referenceDigest.equals(reference)) {
            known.clear();
            reference = referenceDigest;
        }
        return known.get(Batch.of(slot, pairs));
    }

    /** Keeps what was measured with the reference that {@link #of} was last asked for. */
    void keep(int slot, List<TrainingPair> pairs, double[] errors) {
        known.put(Batch.of(slot, pairs), errors);
    }
}
