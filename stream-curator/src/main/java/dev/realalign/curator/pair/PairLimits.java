package dev.realalign.curator.pair;

/**
 * Where the pair filter draws its lines.
 *
 * @param leastPickScoreGap PickScore of the real picture minus that of the negative, on the score/26 scale, must be larger
 * @param leastDistance least perceptual distance, in [0, 1]
 * @param greatestDistance greatest perceptual distance, in [0, 1]
 * @param topShare share of the pairs of a window that are among the best, in (0, 1]
 * @param window pairs of a partition that a pair is ranked against
 */
public record PairLimits(
        double leastPickScoreGap, double leastDistance, double greatestDistance, double topShare, int window) {}
