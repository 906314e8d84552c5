package dev.realalign.trainer.objective;

/**
 * Identity preference optimisation (Azar et al., arXiv 2310.12036) on diffusion errors: (logits - 1/(2b))^2 with logits
 * = d_l - d_w and b = beta/2. The margin is pulled to a target instead of to infinity.
 *
 * @param beta 1/beta is the margin aimed at
 */
public record Ipo(double beta) implements Objective.Pairwise {

    @Override
    public PairLoss evaluate(PairErrors pair) {
        double gap = pair.margin() - 1 / beta;
        return new PairLoss(gap * gap, -2 * gap, 2 * gap, Math.abs(gap) * beta);
    }
}
