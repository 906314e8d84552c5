package dev.realalign.curator.negative;

import dev.realalign.curator.image.PixelRegion;
import dev.realalign.curator.image.RgbImage;

/** Adds independent noise of 20 to 70 levels' deviation to every sample. */
final class WhiteNoise implements Perturbation {

    @Override
    public RgbImage apply(RgbImage real, PixelRegion region, double strength, SplitMix64 random) {
        double deviation = 20 + 50 * strength;
        RgbImage noisy = Pixels.cut(real, region);
        byte[] rgb = noisy.rgb();
        for (int i = 0; i < rgb.length; i++) {
            rgb[i] = Pixels.level((rgb[i] & 0xFF) + deviation * random.nextNormal());
        }
        return noisy;
    }
}
