package dev.realalign.curator.gate;

/**
 * Where the gates draw their lines.
 *
 * @param maxBytes largest file, in bytes
 * @param maxPixels largest picture, in pixels as stored; decoding takes 3 to 8 bytes for each
 * @param minSide shortest allowed shorter side, in pixels
 * @param maxAspectRatio largest allowed ratio of the longer to the shorter side
 */
public record GateLimits(long maxBytes, long maxPixels, int minSide, double maxAspectRatio) {}
