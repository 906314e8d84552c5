package dev.realalign.trainer.objective;

/**
 * MaPO, margin-aware preference optimisation without a reference (Hong et al., arXiv 2406.06424): m_w - beta log
 * sigmoid(gamma (f(snr m_w) - f(snr m_l))), f(x) = x / (e^x - 1). Not for negatives that smooth: a smoothed image has a
 * lower denoising error than its original, and without a reference nothing tells the two causes apart.
 *
 * @param beta weight of the preference term; published: 0.1
 * @param gamma steepness; published: 1000
 * @param snr factor on the errors; published: 0.5
 */
public record Mapo(double beta, double gamma, double snr) implements Objective.Pairwise {

    @Override
    public PairLoss evaluate(PairErrors pair) {
        double z = gamma * (f(snr * pair.mW()) - f(snr * pair.mL()));
        double s = Logistic.sigmoid(-z);
        double pull = beta * s * gamma * snr;
        return new PairLoss(
                pair.mW() - beta * Logistic.logSigmoid(z),
                1 - pull * slope(snr * pair.mW()),
                pull * slope(snr * pair.mL()),
                s);
    }

    @Override
    public boolean usesReference() {
        return false;
    }

    /** x / (e^x - 1); at small x by its series 1 - x/2 + x^2/12 - x^4/720. */
    static double f(double x) {
        return Math.abs(x) < 1e-2 ? 1 - x / 2 + x * x / 12 - Math.pow(x, 4) / 720 : x / Math.expm1(x);
    }

    /** The derivative of {@link #f}; at small x by its series -1/2 + x/6 - x^3/180. */
    static double slope(double x) {
        if (Math.abs(x) < 1e-2) {
            return -0.5 + x / 6 - Math.pow(x, 3) / 180;
        }
        double e = Math.expm1(x);
        return (e - x * Math.exp(x)) / (e * e);
    }
}
