package dev.realalign.curator.negative;

import dev.realalign.curator.image.PixelRegion;
import dev.realalign.curator.image.RgbImage;

/**
 * Multiplies the channels by gains whose product is 1, in a direction drawn from the hue circle: a wrong white balance.
 */
final class ColourCast implements Perturbation {

    @Override
    public RgbImage apply(RgbImage real, PixelRegion region, double strength, SplitMix64 random) {
        double amplitude = 0.10 + 0.35 * strength;
        double hue = random.between(0, 2 * Math.PI);
        double[] gains = new double[RgbImage.CHANNELS];
        for (int c = 0; c < gains.length; c++) {
            gains[c] = StrictMath.exp(amplitude * StrictMath.cos(hue + 2 * Math.PI * c / RgbImage.CHANNELS));
        }
        RgbImage cast = Pixels.cut(real, region);
        byte[] rgb = cast.rgb();
        for (int c = 0; c < gains.length; c++) {
            byte[] levels = new byte[256];
            for (int level = 0; level < levels.length; level++) {
                levels[level] = Pixels.level(level * gains[c]);
            }
            for (int i = c; i < rgb.length; i += RgbImage.CHANNELS) {
                rgb[i] = levels[rgb[i] & 0xFF];
            }
        }
        return cast;
    }
}
