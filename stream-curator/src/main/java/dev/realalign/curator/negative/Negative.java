package dev.realalign.curator.negative;

import dev.realalign.curator.image.PixelRegion;
import dev.realalign.curator.image.RgbImage;
import java.util.Optional;

/**
 * The worse half of a pair and how it was made.
 *
 * @param image the picture, as large as the real one
 * @param kind how it was made
 * @param strength how far, in (0, 1]
 * @param seed seed of all randomness in it
 * @param region the rectangle that holds every change, for local kinds
 * @param rmsDifference root mean square difference from the real picture over all samples, in 8-bit levels
 */
public record Negative(
        RgbImage image,
        NegativeKind kind,
        double strength,
        long seed,
        Optional<PixelRegion> region,
        double rmsDifference) {}
