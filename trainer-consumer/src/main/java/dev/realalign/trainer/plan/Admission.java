package dev.realalign.trainer.plan;

import dev.realalign.schemas.PreferenceTriple;
import dev.realalign.trainer.triple.SkipReason;
import org.jspecify.annotations.Nullable;

/**
 * Which sound triples are trained. Whoever repeats a step asks the ledger, not this: what is stale depends on what the
 * publisher had decided by then.
 *
 * @param runSeed seed of the run
 * @param maxVersionsBehind versions a negative's generator may lie behind the newest accepted one
 * @param weights share of each source that is trained
 */
public record Admission(long runSeed, long maxVersionsBehind, SourceWeights weights) {

    /**
     * Lets a delivery pass, or turns it into one that is not trained.
     *
     * @param newestVersion newest accepted version; 0 before the first
     */
    public Delivery judge(Delivery delivery, long newestVersion) {
        if (!(delivery instanceof Delivery.Usable usable)) {
            return delivery;
        }
        PreferenceTriple triple = usable.pair().triple();
        Long generator = triple.getGeneratorVersion();
        if (isStale(generator, newestVersion)) {
            return refused(
                    usable,
                    SkipReason.STALE,
                    "version " + generator + " made its negative and version " + newestVersion
                            + " is the newest accepted one, more than " + maxVersionsBehind + " later");
        }
        SourceWeights.Weight weight = weights.of(triple.getSource(), triple.getTrustTier());
        if (weight != null
                && new Randomness(runSeed).uniform(Purpose.SOURCE_WEIGHT, 0, triple.getImageId(), 0)
                        >= weight.share()) {
            return refused(
                    usable,
                    SkipReason.SOURCE_WEIGHT,
                    "of " + weight.name() + " a share of " + weight.share() + " is trained");
        }
        return delivery;
    }

    /**
     * Whether a negative is too old.
     *
     * @param generatorVersion version that made it; null for a perturbation, which never ages
     * @param newestVersion newest accepted version; 0 before the first
     */
    public boolean isStale(@Nullable Long generatorVersion, long newestVersion) {
        return generatorVersion != null && newestVersion - generatorVersion > maxVersionsBehind;
    }

    private static Delivery refused(Delivery.Usable usable, SkipReason reason, String explanation) {
        return new Delivery.Unusable(
                new Skipped(usable.partition(), usable.offset(), usable.pair().imageId(), reason, explanation));
    }
}
