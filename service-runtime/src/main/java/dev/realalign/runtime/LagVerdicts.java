package dev.realalign.runtime;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/**
 * What the recent samples of a group in one partition say. No I/O, no clock.
 *
 * <p>The rules are those of LinkedIn's Burrow (wiki page "Consumer Lag Evaluation Rules") over a window of wall-clock
 * time. Burrow reads every commit and so sees a commit of the same offset again; from outside only a moved offset is seen,
 * and the members of the group tell the two failures apart that look alike: a group that is there and does not move
 * (STALLED), and one that is gone (STOPPED).
 */
public final class LagVerdicts {
    /** Part of the largest lag within the window by which it must change before it counts as growing or shrinking. */
    private static final double STEADY_PART = 0.05;

    private LagVerdicts() {}

    /**
     * One sample.
     *
     * @param at when
     * @param committed next offset to read, absent without a commit
     * @param records lag, absent without a commit
     * @param owned whether a member of the group reads the partition
     */
    public record Point(Instant at, OptionalLong committed, OptionalLong records, boolean owned) {
        /** The part of a lag that the rules look at. */
        public static Point of(Instant at, PartitionLag lag) {
            return new Point(at, lag.committed(), lag.records(), lag.owner().isPresent());
        }
    }

    /**
     * The verdict. In this order: nothing committed is NO_COMMIT; no lag now is OK; a committed offset below an earlier one
     * is REWIND; a lag of zero at any time within the window is OK. A lag all the while is STOPPED when no member is there
     * and the silence has lasted longer than the activity before it, STALLED when a member is there and nothing moved,
     * WARNING when no commit found a smaller lag than the one before it, and OK otherwise. STOPPED, STALLED and WARNING need
     * a history as long as the window; where one of them may come of it, the verdict is UNKNOWN before.
     *
     * @param history samples, oldest first; the last is the present
     * @param window how much history a verdict needs
     */
    public static LagStatus status(List<Point> history, Duration window) {
        Point now = history.get(history.size() - 1);
        if (now.committed().isEmpty() || now.records().isEmpty()) {
            return LagStatus.NO_COMMIT;
        }
        if (now.records().getAsLong() == 0) {
            return LagStatus.OK;
        }
        List<Point> committed =
                history.stream().filter(p -> p.committed().isPresent()).toList();
        if (committed.stream().anyMatch(p -> offset(p) > offset(now))) {
            return LagStatus.REWIND;
        }
        if (committed.stream().anyMatch(p -> records(p) == 0)) {
            return LagStatus.OK;
        }
        Point first = committed.get(0);
        boolean watched = Duration.between(first.at(), now.at()).compareTo(window) >= 0;
        if (watched && hasStopped(committed)) {
            return LagStatus.STOPPED;
        }
        if (fell(committed)) {
            return LagStatus.OK;
        }
        if (!watched) {
            return LagStatus.UNKNOWN;
        }
        return offset(first) == offset(now) ? LagStatus.STALLED : LagStatus.WARNING;
    }

    /** Burrow's rule: nothing has moved for longer than the time in which something did. */
    private static boolean hasStopped(List<Point> committed) {
        Point first = committed.get(0);
        Point now = committed.get(committed.size() - 1);
        Instant lastMove = first.at();
        for (int i = 1; i < committed.size(); i++) {
            if (offset(committed.get(i)) != offset(committed.get(i - 1))) {
                lastMove = committed.get(i).at();
            }
        }
        return !now.owned()
                && Duration.between(lastMove, now.at()).compareTo(Duration.between(first.at(), lastMove)) > 0;
    }

    /**
     * Whether a commit found a smaller lag than the one before it. Between commits a lag can only grow, so samples without
     * a commit say nothing: with them every group that reads in bursts would look as if it caught up.
     */
    private static boolean fell(List<Point> committed) {
        List<Point> commits = new ArrayList<>();
        commits.add(committed.get(0));
        for (int i = 1; i < committed.size(); i++) {
            if (offset(committed.get(i)) != offset(committed.get(i - 1))) {
                commits.add(committed.get(i));
            }
        }
        for (int i = 1; i < commits.size(); i++) {
            if (records(commits.get(i)) < records(commits.get(i - 1))) {
                return true;
            }
        }
        return false;
    }

    /**
     * Records by which the lag grows in a second: the slope of the least-squares line through the samples. Absent with
     * fewer than two samples, or none at different times.
     */
    public static OptionalDouble slope(List<Point> history) {
        List<Point> known =
                history.stream().filter(p -> p.records().isPresent()).toList();
        if (known.size() < 2) {
            return OptionalDouble.empty();
        }
        Instant origin = known.get(0).at();
        double meanTime =
                known.stream().mapToDouble(p -> seconds(origin, p)).average().orElse(0);
        double meanLag =
                known.stream().mapToDouble(LagVerdicts::records).average().orElse(0);
        double products = 0;
        double squares = 0;
        for (Point point : known) {
            double time = seconds(origin, point) - meanTime;
            products += time * (records(point) - meanLag);
            squares += time * time;
        }
        return squares == 0 ? OptionalDouble.empty() : OptionalDouble.of(products / squares);
    }

    /** Where the lag goes: STEADY when the line through the samples moves by less than a record or 5 % of the largest lag. */
    public static LagTrend trend(List<Point> history) {
        OptionalDouble slope = slope(history);
        if (slope.isEmpty()) {
            return LagTrend.UNKNOWN;
        }
        List<Point> known =
                history.stream().filter(p -> p.records().isPresent()).toList();
        double change = slope.getAsDouble() * seconds(known.get(0).at(), known.get(known.size() - 1));
        double largest = known.stream().mapToLong(LagVerdicts::records).max().orElse(0);
        if (Math.abs(change) < Math.max(1, STEADY_PART * largest)) {
            return LagTrend.STEADY;
        }
        return change > 0 ? LagTrend.GROWING : LagTrend.SHRINKING;
    }

    /**
     * Everything about one partition.
     *
     * @param lag newest sample, which is also the last of the history
     */
    public static LagEvaluation evaluate(PartitionLag lag, List<Point> history, Duration window) {
        LagTrend trend = trend(history);
        OptionalDouble slope = slope(history);
        OptionalDouble catchUp = OptionalDouble.empty();
        if (lag.records().isPresent() && lag.records().getAsLong() == 0) {
            catchUp = OptionalDouble.of(0);
        } else if (lag.records().isPresent() && trend == LagTrend.SHRINKING) {
            catchUp = OptionalDouble.of(lag.records().getAsLong() / -slope.orElseThrow());
        }
        return new LagEvaluation(lag, status(history, window), trend, slope, catchUp);
    }

    private static long offset(Point point) {
        return point.committed().orElseThrow();
    }

    private static long records(Point point) {
        return point.records().orElseThrow();
    }

    private static double seconds(Instant origin, Point point) {
        return Duration.between(origin, point.at()).toMillis() / 1000.0;
    }
}
