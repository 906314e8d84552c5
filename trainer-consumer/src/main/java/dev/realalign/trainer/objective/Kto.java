package dev.realalign.trainer.objective;

import java.util.List;

/**
 * Diffusion-KTO (Li et al., arXiv 2404.04465), unpaired: with g = r - m and kl = max(0, mean of g over the whole
 * optimizer batch), not differentiated, the loss is the mean over images of 1 - sigmoid(s beta (g - kl)), s = +1 for a
 * preferred and -1 for a rejected image. The two halves of a pair are two images here and get their own noise.
 *
 * @param beta published: 1000
 */
public record Kto(double beta) implements Objective {

    @Override
    public List<PairLoss> evaluate(List<PairErrors> batch) {
        double gain = batch.stream().mapToDouble(e -> -e.dW() - e.dL()).sum();
        double kl = Math.max(0, gain / (2.0 * batch.size()));
        return batch.stream().map(pair -> pairLoss(pair, kl)).toList();
    }

    /** The mean of the pair's two images, so that the batch mean over pairs is the mean over images. */
    private PairLoss pairLoss(PairErrors pair, double kl) {
        double desired = Logistic.sigmoid(beta * (-pair.dW() - kl));
        double undesired = Logistic.sigmoid(-beta * (-pair.dL() - kl));
        double byDesired = beta * desired * (1 - desired);
        double byUndesired = -beta * undesired * (1 - undesired);
        return new PairLoss(
                0.5 * (1 - desired + 1 - undesired),
                0.5 * byDesired,
                0.5 * byUndesired,
                2 * (desired * (1 - desired) + undesired * (1 - undesired)));
    }
}
