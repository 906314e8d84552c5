package dev.realalign.trainer.objective;

/**
 * What back-propagation needs of one pair. The gradient of the batch loss by the prediction of a half is
 *
 * <pre>dL/dp = error (p - t) + drift (p - q)</pre>
 *
 * with p the policy's prediction, t the target and q the reference's prediction.
 *
 * @param loss the pair's loss
 * @param preferredError factor on (p_w - t_w)
 * @param rejectedError factor on (p_l - t_l)
 * @param preferredDrift factor on (p_w - q_w); 0 without an anchor
 * @param rejectedDrift factor on (p_l - q_l); 0 without an anchor
 * @param lambda what the rejected half's gradient was scaled by; 1 when left alone
 * @param factor how hard the pair pulls, see {@link PairLoss#factor}
 */
public record PairGradient(
        double loss,
        double preferredError,
        double rejectedError,
        double preferredDrift,
        double rejectedDrift,
        double lambda,
        double factor) {}
