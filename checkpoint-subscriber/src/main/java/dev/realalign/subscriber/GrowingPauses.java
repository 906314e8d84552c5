package dev.realalign.subscriber;

import java.time.Duration;

/**
 * Pauses between attempts: each twice as long as the one before, up to a longest.
 *
 * @param first pause after the first failure
 * @param longest no pause is longer
 */
public record GrowingPauses(Duration first, Duration longest) {
    /** Half a second at first, half a minute at most. */
    public static final GrowingPauses DEFAULT = new GrowingPauses(Duration.ofMillis(500), Duration.ofSeconds(30));

    /** Refuses pauses that are not positive or do not grow. */
    public GrowingPauses {
        if (first.isNegative() || first.isZero() || longest.compareTo(first) < 0) {
            throw new IllegalArgumentException(
                    "pauses grow from a positive first to a longest, not from " + first + " to " + longest);
        }
    }

    /**
     * The pause after a number of failures in a row.
     *
     * @param failures at least 1
     */
    public Duration after(int failures) {
        long millis = first.toMillis();
        for (int i = 1; i < failures && millis < longest.toMillis(); i++) {
            millis *= 2;
        }
        return Duration.ofMillis(Math.min(millis, longest.toMillis()));
    }
}
