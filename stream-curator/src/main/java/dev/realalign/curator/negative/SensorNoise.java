package dev.realalign.curator.negative;

import dev.realalign.curator.image.PixelRegion;
import dev.realalign.curator.image.RgbImage;

/**
 * Noise whose variance grows with the signal, a x + b: shot noise and read noise (Foi et al., "Practical
 * Poissonian-Gaussian noise modeling and fitting for single-image raw-data", 2008), in 8-bit levels.
 */
final class SensorNoise implements Perturbation {

    @Override
    public RgbImage apply(RgbImage real, PixelRegion region, double strength, SplitMix64 random) {
        double shot = 0.5 + 3.5 * strength;
        double read = 4 + 14 * strength;
        double[] deviation = new double[256];
        for (int level = 0; level < deviation.length; level++) {
            deviation[level] = Math.sqrt(shot * level + read * read);
        }
        RgbImage noisy = Pixels.cut(real, region);
        byte[] rgb = noisy.rgb();
        for (int i = 0; i < rgb.length; i++) {
            int level = rgb[i] & 0xFF;
            rgb[i] = Pixels.level(level + deviation[level] * random.nextNormal());
        }
        return noisy;
    }
}
