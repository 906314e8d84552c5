package dev.realalign.evaluation.statistics;

/**
 * An estimate with the bounds of its 95 % interval.
 *
 * @param value the estimate from everything measured
 * @param low lower bound
 * @param high upper bound
 */
public record Interval(double value, double low, double high) {

    /** Whether the whole interval lies above a number. */
    public boolean isAbove(double number) {
        return low > number;
    }

    /** Whether the whole interval lies below a number. */
    public boolean isBelow(double number) {
        return high < number;
    }
}
