package dev.realalign.trainer.objective;

/**
 * Diffusion-DRO, stage 1 of RealAlign (arXiv 2605.19839): max(0, (e - e_ref) - (p - p_ref) + margin). The preferred
 * half carries e, the error on the real image at fresh noise; the rejected half carries p, the error against a lagged
 * policy's own prediction at a point of its trajectory.
 *
 * @param margin published: 0.001
 */
public record Dro(double margin) implements Objective.Pairwise {

    @Override
    public PairLoss evaluate(PairErrors pair) {
        double difference = margin - pair.margin();
        double slope = difference > 0 ? 1 : 0;
        return new PairLoss(Math.max(0, difference), slope, -slope, slope);
    }
}
