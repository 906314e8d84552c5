package dev.realalign.trainer.learn;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;

/**
 * What one optimizer step measured. Means are over the pairs of the step; see {@link
 * dev.realalign.trainer.objective.PairErrors} for the letters.
 *
 * @param pairs pairs in the batch
 * @param loss the objective's loss, safeguard terms included
 * @param mW mean policy error on the preferred halves
 * @param mL mean policy error on the rejected halves
 * @param rW mean reference error on the preferred halves
 * @param rL mean reference error on the rejected halves
 * @param implicitAccuracy share of pairs the policy tells apart better than the reference, ties counted half
 * @param factor mean gradient factor; sigmoid(-u) for dpo
 * @param lambda mean factor on the rejected halves' gradients
 * @param gradientNorm 2-norm of all gradients before clipping
 * @param learningRate learning rate of the step
 * @param adapterNorm 2-norm of the adapter's up matrices together after the step; they are zero before training
 * @param applied whether the step changed the weights; false when loss or gradient were not finite
 * @param kinds the same by kind of negative, for watching; not among the {@link #named} measures, which the ledger keeps
 *     for ever
 */
public record StepMetrics(
        int pairs,
        double loss,
        double mW,
        double mL,
        double rW,
        double rL,
        double implicitAccuracy,
        double factor,
        double lambda,
        double gradientNorm,
        double learningRate,
        double adapterNorm,
        boolean applied,
        SortedMap<String, KindMetrics> kinds) {

    /** Name of {@link #mW}. */
    public static final String M_W = "m_w";
    /** Name of {@link #rW}. */
    public static final String R_W = "r_w";

    /** m_w - r_w: negative where the policy beats the reference on real images. */
    public double dW() {
        return mW - rW;
    }

    /** m_l - r_l: positive where the policy moved away from the negatives. */
    public double dL() {
        return mL - rL;
    }

    /** d_l - d_w. */
    public double margin() {
        return dL() - dW();
    }

    /** The mean of several steps, each weighing the same; the last one's learning rate and adapter norm; no kinds. */
    public static StepMetrics mean(List<StepMetrics> steps) {
        StepMetrics last = steps.get(steps.size() - 1);
        return new StepMetrics(
                steps.stream().mapToInt(StepMetrics::pairs).sum(),
                mean(steps, StepMetrics::loss),
                mean(steps, StepMetrics::mW),
                mean(steps, StepMetrics::mL),
                mean(steps, StepMetrics::rW),
                mean(steps, StepMetrics::rL),
                mean(steps, StepMetrics::implicitAccuracy),
                mean(steps, StepMetrics::factor),
                mean(steps, StepMetrics::lambda),
                mean(steps, StepMetrics::gradientNorm),
                last.learningRate(),
                last.adapterNorm(),
                last.applied(),
                Collections.emptySortedMap());
    }

    /** The measures of every kind by name, {@code KIND.m_w} and so on; what is not finite is left out. */
    public Map<String, Double> namedByKind() {
        Map<String, Double> named = new TreeMap<>();
        kinds.forEach((kind, metrics) -> named.putAll(metrics.named(kind + ".")));
        return Collections.unmodifiableMap(named);
    }

    private static double mean(List<StepMetrics> steps, ToDoubleFunction<StepMetrics> measure) {
        return steps.stream().mapToDouble(measure).average().orElseThrow();
    }

    /** The measures by name, as manifests and reports carry them; what is not finite is left out. */
    public Map<String, Double> named() {
        Map<String, Double> named = new TreeMap<>();
        named.put("loss", loss);
        named.put(M_W, mW);
        named.put("m_l", mL);
        named.put(R_W, rW);
        named.put("r_l", rL);
        named.put("d_w", dW());
        named.put("d_l", dL());
        named.put("margin", margin());
        named.put("implicit_accuracy", implicitAccuracy);
        named.put("gradient_factor", factor);
        named.put("lambda", lambda);
        named.put("gradient_norm", gradientNorm);
        named.put("learning_rate", learningRate);
        named.put("adapter_norm", adapterNorm);
        named.values().removeIf(value -> !Double.isFinite(value));
        return Collections.unmodifiableMap(named);
    }
}
