package dev.realalign.diffusion.schedule;

/**
 * How noisy a sample is: {@code x_t = clean * x_0 + noise * eps} with eps ~ N(0, 1).
 *
 * @param timestep what the network is told
 * @param clean the factor of the image, sqrt(abar_t) for diffusion, 1 - sigma for flow matching
 * @param noise the factor of the noise, sqrt(1 - abar_t) for diffusion, sigma for flow matching
 */
public record NoiseLevel(double timestep, double clean, double noise) {

    /** No noise at all; the timestep is 0. */
    public static final NoiseLevel CLEAN = new NoiseLevel(0, 1, 0);

    /** Signal-to-noise ratio, clean^2 / noise^2; infinite where there is no noise. */
    public double snr() {
        return (clean * clean) / (noise * noise);
    }
}
