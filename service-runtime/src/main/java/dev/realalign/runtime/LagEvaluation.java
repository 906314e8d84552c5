package dev.realalign.runtime;

import java.util.OptionalDouble;

/**
 * A partition's lag with what its recent history says.
 *
 * @param lag newest sample
 * @param status verdict over the window
 * @param trend where the lag goes
 * @param slope records by which the lag grows in a second, negative when it shrinks, absent without a trend
 * @param secondsToCatchUp time until the lag is gone at this pace, 0 without lag, absent unless the lag shrinks
 */
public record LagEvaluation(
        PartitionLag lag, LagStatus status, LagTrend trend, OptionalDouble slope, OptionalDouble secondsToCatchUp) {}
