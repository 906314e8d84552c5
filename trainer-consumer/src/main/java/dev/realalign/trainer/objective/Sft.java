package dev.realalign.trainer.objective;

/**
 * Supervised fine-tuning on the preferred half: w(t) m_w.
 *
 * @param weighting w(t)
 */
public record Sft(LossWeighting weighting) implements Objective.Pairwise {

    @Override
    public PairLoss evaluate(PairErrors pair) {
        double w = weighting.weight(pair.signalToNoise());
        return new PairLoss(w * pair.mW(), w, 0, 1);
    }

    @Override
    public boolean usesRejected() {
        return false;
    }

    @Override
    public boolean usesReference() {
        return false;
    }
}
