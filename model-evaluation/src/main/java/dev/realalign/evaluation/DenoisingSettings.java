package dev.realalign.evaluation;

/**
 * How denoising errors are measured.
 *
 * @param seed run seed of every noise and timestep
 * @param bands parts of the noise schedule, from little noise to much; every picture is measured once in each
 * @param batch noised pictures predicted at once; bounds the memory in use
 */
public record DenoisingSettings(long seed, int bands, int batch) {
    public DenoisingSettings {
        if (bands < 1 || batch < 1) {
            throw new IllegalArgumentException("bands and batch are at least 1, not " + bands + " and " + batch);
        }
    }
}
