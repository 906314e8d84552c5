package dev.realalign.evaluation;

import dev.realalign.evaluation.statistics.Interval;

/** What an interval of a difference in error says. */
public enum Verdict {
    /** No picture was measured differently, to the bit. */
    IDENTICAL,
    /** The whole interval lies below 0. */
    BETTER,
    /** The whole interval lies above 0. */
    WORSE,
    /** The interval holds 0. */
    UNDECIDED;

    static Verdict of(Interval difference) {
        if (difference.value() == 0 && difference.low() == 0 && difference.high() == 0) {
            return IDENTICAL;
        }
        return difference.isBelow(0) ? BETTER : difference.isAbove(0) ? WORSE : UNDECIDED;
    }
}
