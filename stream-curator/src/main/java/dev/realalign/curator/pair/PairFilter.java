package dev.realalign.curator.pair;

import dev.realalign.curator.gate.Findings;
import dev.realalign.curator.gate.Measure;
import dev.realalign.curator.gate.Reason;
import dev.realalign.curator.gate.Rejection;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * Judges whether the two pictures of a finished pair are clearly apart. Where a generator scored both with PickScore, the
 * gap is the difference of their scores, which says that the negative is worse. Without scores only a two-sided distance
 * may judge (different enough, not too different): it says nothing about better or worse. Denoising error is never used: a
 * blurred copy has a lower one than its original.
 *
 * <p>A function of measures, scores, limits and windows, so that recorded pairs can be judged again without pictures.
 */
public final class PairFilter {
    /** PickScore of the real picture over 26, the scale of RealAlign's thresholds: exp(logit scale) times the cosine, about 18 to 26, divided by 26. */
    public static final String PICKSCORE_REAL = "PICKSCORE_REAL";
    /** The same of the negative. */
    public static final String PICKSCORE_NEGATIVE = "PICKSCORE_NEGATIVE";
    /** Gap by PickScore, on the same scale. */
    public static final String PICKSCORE = "PICKSCORE";

    private final PairLimits limits;

    /** A filter with these limits. */
    public PairFilter(PairLimits limits) {
        this.limits = limits;
    }

    /**
     * A judged pair.
     *
     * @param gap what was measured; empty when the filter is off or nothing was measured
     * @param rejection why the pair is not used, if it is not
     */
    public record Judgement(Optional<Gap> gap, Optional<Rejection> rejection) {}

    /** Whether any of the filter's gates is asked. */
    public static boolean isAsked(Findings findings) {
        return findings.isAsked(Reason.GAP_TOO_SMALL)
                || findings.isAsked(Reason.GAP_TOO_LARGE)
                || findings.isAsked(Reason.NOT_IN_TOP);
    }

    /**
     * Judges a pair that is about to become a triple.
     *
     * @param scores scores of both pictures by name; empty where no generator scored them
     * @param findings holds the measures of the pair, and is told what gates in shadow mode would have said
     * @param windows windows of the partition; a pair that gets as far as the ranking moves them, whatever becomes of it
     */
    public Judgement judge(Map<String, Double> scores, Findings findings, RankWindows windows) {
        if (!isAsked(findings)) {
            return new Judgement(Optional.empty(), Optional.empty());
        }
        Double real = scores.get(PICKSCORE_REAL);
        Double negative = scores.get(PICKSCORE_NEGATIVE);
        if (real != null && negative != null) {
            return byPickScore(real, negative, findings, windows);
        }
        Double distance = findings.measures().get(Measure.PERCEPTUAL_DISTANCE);
        return distance == null
                ? new Judgement(Optional.empty(), Optional.empty())
                : byDistance(distance, findings, windows);
    }

    private Judgement byPickScore(double real, double negative, Findings findings, RankWindows windows) {
        double gap = real - negative;
        Optional<Rejection> small = findings.ask(
                Reason.GAP_TOO_SMALL,
                () -> gap > limits.leastPickScoreGap()
                        ? Optional.empty()
                        : reject(
                                Reason.GAP_TOO_SMALL,
                                "the PickScore of the picture is %.4f, that of the negative %.4f (both over 26): the gap of %.4f"
                                        + " must be above %s",
                                real,
                                negative,
                                gap,
                                limits.leastPickScoreGap()));
        Optional<Gap.Ranking> ranking =
                small.isPresent() ? Optional.empty() : rank(PICKSCORE_REAL, real, findings, windows);
        Gap measured = new Gap(
                PICKSCORE,
                gap,
                limits.leastPickScoreGap(),
                OptionalDouble.empty(),
                ranking,
                "above " + limits.leastPickScoreGap() + ranked(ranking));
        return new Judgement(Optional.of(measured), small.or(() -> ranking.flatMap(r -> notInTop(r, findings))));
    }

    private Judgement byDistance(double distance, Findings findings, RankWindows windows) {
        Optional<Rejection> bounds = findings.ask(
                        Reason.GAP_TOO_SMALL,
                        () -> distance >= limits.leastDistance()
                                ? Optional.empty()
                                : reject(
                                        Reason.GAP_TOO_SMALL,
                                        "the perceptual distance of the pair is %.4f, at least %s is needed",
                                        distance,
                                        limits.leastDistance()))
                .or(() -> findings.ask(
                        Reason.GAP_TOO_LARGE,
                        () -> distance <= limits.greatestDistance()
                                ? Optional.empty()
                                : reject(
                                        Reason.GAP_TOO_LARGE,
                                        "the perceptual distance of the pair is %.4f, at most %s is allowed",
                                        distance,
                                        limits.greatestDistance())));
        String measure = Measure.PERCEPTUAL_DISTANCE.name();
        Optional<Gap.Ranking> ranking =
                bounds.isPresent() ? Optional.empty() : rank(measure, distance, findings, windows);
        Gap measured = new Gap(
                measure,
                distance,
                limits.leastDistance(),
                OptionalDouble.of(limits.greatestDistance()),
                ranking,
                "from " + limits.leastDistance() + " to " + limits.greatestDistance() + ranked(ranking));
        return new Judgement(Optional.of(measured), bounds.or(() -> ranking.flatMap(r -> notInTop(r, findings))));
    }

    /** Looks at the window as it was before this pair, then lets the pair into it. */
    private Optional<Gap.Ranking> rank(String by, double value, Findings findings, RankWindows windows) {
        if (!findings.isAsked(Reason.NOT_IN_TOP)) {
            return Optional.empty();
        }
        double[] last = windows.last(by, limits.window());
        windows.add(by, value, limits.window());
        return Optional.of(new Gap.Ranking(by, value, leastOfTheTop(last), last.length));
    }

    /** The k-th largest of n values, k being the top share of n, rounded up. */
    private OptionalDouble leastOfTheTop(double[] values) {
        if (values.length == 0) {
            return OptionalDouble.empty();
        }
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        int top = (int) Math.ceil(limits.topShare() * sorted.length);
        return OptionalDouble.of(sorted[sorted.length - top]);
    }

    private Optional<Rejection> notInTop(Gap.Ranking ranking, Findings findings) {
        return findings.ask(
                Reason.NOT_IN_TOP,
                () -> ranking.least().isEmpty()
                                || ranking.value() >= ranking.least().getAsDouble()
                        ? Optional.empty()
                        : reject(
                                Reason.NOT_IN_TOP,
                                "%s is %.4f; the best %s of the last %d pairs of the partition begin at %.4f",
                                ranking.by(),
                                ranking.value(),
                                limits.topShare(),
                                ranking.window(),
                                ranking.least().getAsDouble()));
    }

    private String ranked(Optional<Gap.Ranking> ranking) {
        return ranking.map(r -> "; " + r.by() + " among the best " + limits.topShare() + " of the last "
                        + limits.window() + " pairs of its partition")
                .orElse("");
    }

    private static Optional<Rejection> reject(Reason reason, String format, Object... values) {
        return Optional.of(new Rejection(reason, String.format(Locale.ROOT, format, values)));
    }
}
