package dev.realalign.trainer.objective;

/**
 * The hinge form of a preference loss: max(0, 1 - b logits) with logits = d_l - d_w and b = beta/2. A pair that is told
 * apart well enough stops pulling.
 *
 * @param beta steepness; a margin of 2/beta is enough
 */
public record Hinge(double beta) implements Objective.Pairwise {

    @Override
    public PairLoss evaluate(PairErrors pair) {
        double slack = 1 - 0.5 * beta * pair.margin();
        double slope = slack > 0 ? 0.5 * beta : 0;
        return new PairLoss(Math.max(0, slack), slope, -slope, slack > 0 ? 1 : 0);
    }
}
