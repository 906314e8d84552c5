package dev.realalign.trainer.objective;

/**
 * w(t), the weight of a timestep's error in supervised fine-tuning, by the signal-to-noise ratio of that timestep.
 * Min-SNR: Hang et al., "Efficient Diffusion Training via Min-SNR Weighting Strategy", arXiv 2303.09556.
 */
@FunctionalInterface
public interface LossWeighting {

    double weight(double signalToNoise);

    /** Every timestep counts the same. */
    static LossWeighting uniform() {
        return snr -> 1;
    }

    /** min(SNR, gamma) / SNR, for networks that predict the noise. */
    static LossWeighting minSnrEpsilon(double gamma) {
        return snr -> Math.min(snr, gamma) / snr;
    }

    /** min(SNR, gamma) / (SNR + 1), for networks that predict the velocity sqrt(abar) eps - sqrt(1 - abar) x0. */
    static LossWeighting minSnrVelocity(double gamma) {
        return snr -> Math.min(snr, gamma) / (snr + 1);
    }
}
