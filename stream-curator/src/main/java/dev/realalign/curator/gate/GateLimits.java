package dev.realalign.curator.gate;

/**
 * Where the gates draw their lines.
 *
 * @param maxBytes largest file, in bytes
 * @param maxPixels largest picture, in pixels as stored; decoding takes 3 to 8 bytes for each
 * @param minSide shortest allowed shorter side, in pixels
 * @param maxAspectRatio largest allowed ratio of the longer to the shorter side
 * @param minLumaDeviation least standard deviation of the luma, in 8-bit levels
 * @param maxExposureShare largest share of black pixels, and of white ones
 * @param minSharpness least variance of the Laplacian of the luma, in squared 8-bit levels
 * @param colourfulnessStart mean colourfulness before the first picture, in 8-bit levels
 * @param colourfulnessHalfLife pictures after which an old colourfulness has half of its weight left
 */
public record GateLimits(
        long maxBytes,
        long maxPixels,
        int minSide,
        double maxAspectRatio,
        double minLumaDeviation,
        double maxExposureShare,
        double minSharpness,
        double colourfulnessStart,
        double colourfulnessHalfLife) {}
