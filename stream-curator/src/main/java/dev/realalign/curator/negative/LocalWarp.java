package dev.realalign.curator.negative;

import dev.realalign.curator.image.PixelRegion;
import dev.realalign.curator.image.RgbImage;

/**
 * Twists the ellipse inside a region and pinches or swells it. Angle and radial scale fall off as (1 - r^2)^2, so that
 * the distortion fades to nothing at the rim.
 */
final class LocalWarp implements Perturbation {

    private static final double LEAST_ANGLE = Math.toRadians(40);
    private static final double MORE_ANGLE = Math.toRadians(110);
    private static final double MOST_SCALE = 0.5;

    @Override
    public RgbImage apply(RgbImage real, PixelRegion region, double strength, SplitMix64 random) {
        double angle = (LEAST_ANGLE + MORE_ANGLE * strength) * (random.nextDouble() < 0.5 ? -1 : 1);
        double scale = MOST_SCALE * strength * random.between(-1, 1);
        double radiusX = region.width() / 2.0;
        double radiusY = region.height() / 2.0;
        double centreX = region.x() + radiusX;
        double centreY = region.y() + radiusY;
        byte[] warped = new byte[region.width() * region.height() * RgbImage.CHANNELS];
        int to = 0;
        for (int y = region.y(); y < region.y() + region.height(); y++) {
            for (int x = region.x(); x < region.x() + region.width(); x++) {
                double u = (x + 0.5 - centreX) / radiusX;
                double v = (y + 0.5 - centreY) / radiusY;
                double inner = Math.max(0, 1 - u * u - v * v);
                double fade = inner * inner;
                double cos = StrictMath.cos(angle * fade) * (1 + scale * fade);
                double sin = StrictMath.sin(angle * fade) * (1 + scale * fade);
                double sourceX = centreX + (u * cos - v * sin) * radiusX - 0.5;
                double sourceY = centreY + (u * sin + v * cos) * radiusY - 0.5;
                Pixels.bilinear(real, sourceX, sourceY, warped, to);
                to += RgbImage.CHANNELS;
            }
        }
        return new RgbImage(region.width(), region.height(), warped);
    }
}
