package dev.realalign.trainer.objective;

import java.util.OptionalDouble;

/**
 * Diffusion-DPO (Wallace et al., arXiv 2311.12908): -log sigmoid(u), u = -(beta/2) (d_w - d_l), with the mean, not the
 * sum, over elements and with the factor 1/2. With a positive weight this is DPO-positive (Pal et al., arXiv
 * 2402.13228): u = -(beta/2) (d_w - d_l + weight max(0, d_w)), which punishes a preferred half that gets worse.
 *
 * @param beta strength of the pull towards the reference
 * @param positiveWeight weight of max(0, d_w); 0 is plain Diffusion-DPO
 */
public record Dpo(double beta, double positiveWeight) implements Objective.Pairwise {
    /**
     * s = sigmoid(-u) is 0.5 where training begins, and the loss falls as long as it does: at a mean of 0.02, a 25th of
     * that, the pairs are saturated.
     */
    private static final double SATURATED = 0.02;

    public Dpo(double beta) {
        this(beta, 0);
    }

    @Override
    public PairLoss evaluate(PairErrors pair) {
        double penalty = pair.dW() > 0 ? positiveWeight : 0;
        double u = -0.5 * beta * (pair.dW() - pair.dL() + penalty * pair.dW());
        double s = Logistic.sigmoid(-u);
        return new PairLoss(-Logistic.logSigmoid(u), s * 0.5 * beta * (1 + penalty), -s * 0.5 * beta, s);
    }

    @Override
    public OptionalDouble factorMinimum() {
        return OptionalDouble.of(SATURATED);
    }
}
