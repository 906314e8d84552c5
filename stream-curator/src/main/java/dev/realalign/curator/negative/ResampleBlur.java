package dev.realalign.curator.negative;

import dev.realalign.curator.image.Lanczos;
import dev.realalign.curator.image.PixelRegion;
import dev.realalign.curator.image.RgbImage;

/** Shrinks the picture to between two thirds and a sixth of its size and enlarges it again. */
final class ResampleBlur implements Perturbation {

    @Override
    public RgbImage apply(RgbImage real, PixelRegion region, double strength, SplitMix64 random) {
        RgbImage part = Pixels.cut(real, region);
        double factor = 1.5 + 4.5 * strength;
        RgbImage small = Lanczos.resize(part, shrunk(part.width(), factor), shrunk(part.height(), factor));
        return Lanczos.resize(small, part.width(), part.height());
    }

    private static int shrunk(int size, double factor) {
        return Math.max(1, (int) Math.round(size / factor));
    }
}
