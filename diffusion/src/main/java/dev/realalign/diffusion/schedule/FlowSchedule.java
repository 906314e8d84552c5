package dev.realalign.diffusion.schedule;

/**
 * Rectified flow (Liu et al. 2022, arXiv 2209.03003) with the timestep shift of Stable Diffusion 3 (Esser et al. 2024,
 * arXiv 2403.03206, section 5.3.2): {@code x_t = (1 - sigma) x_0 + sigma eps}, {@code sigma = s u / (1 + (s - 1) u)} for
 * u = 1, 1 - 1/N, ..., 1/N. The network is told 1000 sigma (N sigma for N levels).
 */
public final class FlowSchedule implements NoiseSchedule {

    private final int size;
    private final double shift;

    /**
     * @param size number of training levels
     * @param shift s; 1 leaves the levels evenly spaced
     */
    public FlowSchedule(int size, double shift) {
        if (size < 1) {
            throw new IllegalArgumentException("\"num_train_timesteps\" must be at least 1 but is " + size);
        }
        if (!(shift > 0 && shift < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("\"shift\" must be above 0 but is " + shift);
        }
        this.size = size;
        this.shift = shift;
    }

    @Override
    public int size() {
        return size;
    }

    @Override
    public PredictionType prediction() {
        return PredictionType.FLOW;
    }

    @Override
    public NoiseLevel level(int index) {
        if (index < 0 || index >= size) {
            throw new IndexOutOfBoundsException("flow level " + index + " of " + size);
        }
        return ofSigma(shifted((double) (size - index) / size));
    }

    /** The shift, applied once. */
    double shifted(double sigma) {
        return shift * sigma / (1 + (shift - 1) * sigma);
    }

    NoiseLevel ofSigma(double sigma) {
        return new NoiseLevel(size * sigma, 1 - sigma, sigma);
    }
}
