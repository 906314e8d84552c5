package dev.realalign.trainer.objective;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;

/**
 * Terms that keep a preference objective from destroying the preferred half, added to any objective.
 *
 * @param sdpoMu mu of Diffusion-SDPO in [0, 1], see {@link #lambda}; empty leaves the rejected gradient alone
 * @param winnerSft weight of an added m_w
 * @param anchor weight a of an added (a/2) [MSE(p_w, q_w) + MSE(p_l, q_l)], q the reference's prediction
 */
public record Safeguards(OptionalDouble sdpoMu, double winnerSft, double anchor) {

    /** No safeguard at all. */
    public static final Safeguards NONE = new Safeguards(OptionalDouble.empty(), 0, 0);

    /** Adds a tiny number to the inner product, as published, so that lambda stays finite. */
    private static final double EPSILON = 1e-9;

    public Safeguards {
        if (sdpoMu.isPresent() && !(sdpoMu.getAsDouble() >= 0 && sdpoMu.getAsDouble() <= 1)) {
            throw new IllegalArgumentException("mu of SDPO lies in [0, 1], not " + sdpoMu.getAsDouble());
        }
        if (!(winnerSft >= 0 && anchor >= 0)) {
            throw new IllegalArgumentException(
                    "weights are not negative: winner-SFT " + winnerSft + ", anchor " + anchor);
        }
    }

    /** Only Diffusion-SDPO. */
    public static Safeguards sdpo(double mu) {
        return new Safeguards(OptionalDouble.of(mu), 0, 0);
    }

    /** The guarded gradients of a whole optimizer batch, in its order. */
    public List<PairGradient> guard(Objective objective, List<PairErrors> batch) {
        return guard(objective, batch, batch.size());
    }

    /**
     * The guarded gradients of some pairs of an optimizer batch.
     *
     * @param objective evaluates these pairs as it would among the others
     * @param pairs pairs of the whole batch, over which its loss is the mean
     */
    public List<PairGradient> guard(Objective.Pairwise objective, List<PairErrors> some, int pairs) {
        return guard((Objective) objective, some, pairs);
    }

    private List<PairGradient> guard(Objective objective, List<PairErrors> some, int pairs) {
        List<PairLoss> losses = objective.evaluate(some);
        List<PairGradient> gradients = new ArrayList<>(some.size());
        for (int i = 0; i < some.size(); i++) {
            gradients.add(guard(losses.get(i), some.get(i), pairs));
        }
        return gradients;
    }

    private PairGradient guard(PairLoss loss, PairErrors pair, int pairs) {
        double perElement = 2.0 / ((double) pair.elements() * pairs); // dm/dp = 2 (p - t) / N, mean over pairs
        // what an objective leaves unmeasured is NaN and must not be touched
        double lambda = sdpoMu.isEmpty() || loss.byRejected() == 0
                ? 1
                : lambda(sdpoMu.getAsDouble(), pair.policyPreferred(), pair.innerProduct());
        double drift =
                anchor == 0 ? 0 : 0.5 * anchor * (pair.driftPreferred() + pair.driftRejected()) / pair.elements();
        return new PairGradient(
                loss.loss() + winnerSft * pair.mW() + drift,
                perElement * (loss.byPreferred() + winnerSft),
                perElement * lambda * loss.byRejected(),
                perElement * 0.5 * anchor,
                perElement * 0.5 * anchor,
                lambda,
                loss.factor());
    }

    /**
     * The factor on the rejected half's gradient of Diffusion-SDPO ("Diffusion-SDPO: Safeguarded Direct Preference
     * Optimization for Diffusion Models", arXiv 2511.03317, and its published implementation): clip((1 - mu) |gA|^2 /
     * (gA . gB + 1e-9), 0, 1) where gA . gB is positive, else 1. gA and gB are the output-space error gradients of the
     * preferred and the rejected half; to first order the preferred error then does not rise. Taken per pair and from
     * sums of unnormalised errors p - t, it depends neither on the batch nor on how the batch is split.
     *
     * @param mu in [0, 1]: published 0.9 for SD1.5, 0.6 for SDXL; 1 silences the rejected half wherever it interferes
     * @param squaredNorm |gA|^2
     * @param innerProduct gA . gB
     */
    static double lambda(double mu, double squaredNorm, double innerProduct) {
        if (innerProduct <= 0) {
            return 1;
        }
        return Math.min(1, Math.max(0, (1 - mu) * squaredNorm / (innerProduct + EPSILON)));
    }
}
