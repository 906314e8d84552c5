package dev.realalign.curator.negative;

import dev.realalign.curator.image.PixelRegion;
import dev.realalign.curator.image.RgbImage;

/**
 * Fills a region with the picture's own pixels from an eighth to a half of the region's shorter side away, as if a
 * piece had slipped.
 */
final class PatchDisplacement implements Perturbation {

    @Override
    public RgbImage apply(RgbImage real, PixelRegion region, double strength, SplitMix64 random) {
        double length = (0.25 + 0.75 * strength) / 2 * Math.min(region.width(), region.height());
        double direction = random.between(0, 2 * Math.PI);
        int left = inside(region.x(), length * StrictMath.cos(direction), real.width() - region.width());
        int top = inside(region.y(), length * StrictMath.sin(direction), real.height() - region.height());
        return Pixels.cut(real, new PixelRegion(left, top, region.width(), region.height()));
    }

    /** Moves the other way where the first way leaves the picture, and no further than the picture goes. */
    private static int inside(int start, double shift, int last) {
        int step = (int) Math.round(shift);
        int wanted = start + step;
        if (wanted < 0 || wanted > last) {
            wanted = start - step;
        }
        return Math.max(0, Math.min(last, wanted));
    }
}
