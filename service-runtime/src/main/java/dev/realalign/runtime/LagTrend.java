package dev.realalign.runtime;

/** Where a lag goes. */
public enum LagTrend {
    /** More records wait as time goes by. */
    GROWING,
    /** Fewer records wait as time goes by. */
    SHRINKING,
    /** Neither. */
    STEADY,
    /** There are fewer than two samples with a commit. */
    UNKNOWN
}
