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
        RgbImage warped = Pixels.cut(real, region);
        // angle and scale are the same in the four corners of a rectangle around the centre
        for (int y = 0; 2 * y < region.height(); y++) {
            double v = (region.y() + y + 0.5 - centreY) / radiusY;
            int mirroredY = region.height() - 1 - y;
            for (int x = 0; 2 * x < region.width(); x++) {
                double u = (region.x() + x + 0.5 - centreX) / radiusX;
                double inner = 1 - u * u - v * v;
                if (inner <= 0) {
                    continue;
                }
                int mirroredX = region.width() - 1 - x;
                double fade = inner * inner;
                double cos = StrictMath.cos(angle * fade) * (1 + scale * fade);
                double sin = StrictMath.sin(angle * fade) * (1 + scale * fade);
                for (int corner = 0; corner < 4; corner++) {
                    boolean right = corner % 2 == 1;
                    boolean below = corner >= 2;
                    double toX = right ? -u : u;
                    double toY = below ? -v : v;
                    double sourceX = centreX + (toX * cos - toY * sin) * radiusX - 0.5;
                    double sourceY = centreY + (toX * sin + toY * cos) * radiusY - 0.5;
                    int at = warped.index(right ? mirroredX : x, below ? mirroredY : y);
                    Pixels.bilinear(real, sourceX, sourceY, warped.rgb(), at);
                }
            }
        }
        return warped;
    }
}
