package dev.realalign.trainer.learn;

import dev.realalign.trainer.objective.PairErrors;
import dev.realalign.trainer.objective.PairGradient;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;

/**
 * What the pairs of one kind of negative measured, means over them; see {@link PairErrors} for the letters. A colour cast
 * is told apart at once and a displaced patch hardly ever: a mean over all kinds hides both.
 *
 * @param pairs measurements behind the means
 * @param mW mean policy error on the preferred halves
 * @param mL mean policy error on the rejected halves
 * @param rW mean reference error on the preferred halves
 * @param rL mean reference error on the rejected halves
 * @param implicitAccuracy share of pairs the policy tells apart better than the reference, ties counted half
 * @param factor mean gradient factor; NaN where no gradient was taken
 * @param lambda mean factor on the rejected halves' gradients; NaN where no gradient was taken
 */
public record KindMetrics(
        int pairs, double mW, double mL, double rW, double rL, double implicitAccuracy, double factor, double lambda) {
    /** Kinds that are told apart; those beyond, in alphabetical order, count together as {@link #OTHERS}. */
    static final int MOST_KINDS = 16;

    static final String OTHERS = "OTHERS";

    /**
     * Means by kind.
     *
     * @param kinds kind of each pair
     * @param errors errors of each pair, in the same order
     * @param gradients gradients of each pair, in the same order; empty where none were taken
     */
    static SortedMap<String, KindMetrics> byKind(
            List<String> kinds, List<PairErrors> errors, List<PairGradient> gradients) {
        List<String> told = kinds.stream().distinct().sorted().limit(MOST_KINDS).toList();
        SortedMap<String, List<Integer>> places = new TreeMap<>();
        for (int i = 0; i < kinds.size(); i++) {
            places.computeIfAbsent(told.contains(kinds.get(i)) ? kinds.get(i) : OTHERS, kind -> new ArrayList<>())
                    .add(i);
        }
        SortedMap<String, KindMetrics> byKind = new TreeMap<>();
        places.forEach((kind, at) -> {
            List<PairErrors> e = at.stream().map(errors::get).toList();
            List<PairGradient> g = gradients.isEmpty()
                    ? List.of()
                    : at.stream().map(gradients::get).toList();
            byKind.put(
                    kind,
                    new KindMetrics(
                            at.size(),
                            mean(e, PairErrors::mW),
                            mean(e, PairErrors::mL),
                            mean(e, PairErrors::rW),
                            mean(e, PairErrors::rL),
                            mean(e, PairErrors::implicitAccuracy),
                            mean(g, PairGradient::factor),
                            mean(g, PairGradient::lambda)));
        });
        return Collections.unmodifiableSortedMap(byKind);
    }

    private static <T> double mean(List<T> items, ToDoubleFunction<T> measure) {
        return items.stream().mapToDouble(measure).average().orElse(Double.NaN);
    }

    /** The measures by name behind a prefix; what is not finite is left out. */
    Map<String, Double> named(String prefix) {
        double dW = mW - rW;
        double dL = mL - rL;
        Map<String, Double> named = new TreeMap<>();
        named.put(prefix + "pairs", (double) pairs);
        named.put(prefix + "m_w", mW);
        named.put(prefix + "m_l", mL);
        named.put(prefix + "r_w", rW);
        named.put(prefix + "r_l", rL);
        named.put(prefix + "d_w", dW);
        named.put(prefix + "d_l", dL);
        named.put(prefix + "margin", dL - dW);
        named.put(prefix + "m_w_over_r_w", mW / rW);
        named.put(prefix + "implicit_accuracy", implicitAccuracy);
        named.put(prefix + "gradient_factor", factor);
        named.put(prefix + "lambda", lambda);
        named.values().removeIf(value -> !Double.isFinite(value));
        return named;
    }
}
