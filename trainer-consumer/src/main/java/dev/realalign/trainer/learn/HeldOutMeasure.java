package dev.realalign.trainer.learn;

import dev.realalign.schemas.HeldOutErrors;
import dev.realalign.schemas.Measures;
import java.util.Collections;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The published (averaged) adapter on the held-out set, always at the same noise and timesteps.
 *
 * @param pairs pairs in the set
 * @param mW mean error on the preferred halves
 * @param mL mean error on the rejected halves
 * @param rW the reference's mean error on the preferred halves
 * @param rL the reference's mean error on the rejected halves
 * @param implicitAccuracy share of (pair, timestep) the policy tells apart better than the reference, ties counted half
 * @param errors every measurement behind the means
 * @param kinds the same means by kind of negative
 */
public record HeldOutMeasure(
        int pairs,
        double mW,
        double mL,
        double rW,
        double rL,
        double implicitAccuracy,
        HeldOutErrors errors,
        SortedMap<String, KindMetrics> kinds) {
    /** Weight of the past in the drift's moving averages, from one candidate to the next. */
    private static final double DRIFT_DECAY = 0.8;

    private static final String PAIRS = "held_out.pairs";
    private static final String AVERAGE_D_W = "held_out.ema_d_w";
    private static final String AVERAGE_R_W = "held_out.ema_r_w";

    /**
     * Moving averages of d_w = m_w - r_w and r_w over the candidates of a line, as measures by name. They begin anew
     * whenever the held-out set has changed.
     *
     * @param before measures of the candidate before, empty for the first
     * @param steps optimizer steps since it
     */
    public Map<String, Double> drift(Map<String, Double> before, long steps) {
        double averageDW = mW - rW;
        double averageRW = rW;
        double averagedSteps = 0;
        Double dWBefore = before.get(AVERAGE_D_W);
        Double rWBefore = before.get(AVERAGE_R_W);
        if (dWBefore != null && rWBefore != null && Double.valueOf(pairs).equals(before.get(PAIRS))) {
            averageDW = DRIFT_DECAY * dWBefore + (1 - DRIFT_DECAY) * averageDW;
            averageRW = DRIFT_DECAY * rWBefore + (1 - DRIFT_DECAY) * averageRW;
            averagedSteps = before.getOrDefault(Measures.HELD_OUT_DRIFT_STEPS, 0.0) + steps;
        }
        Map<String, Double> drift = new TreeMap<>();
        drift.put(AVERAGE_D_W, averageDW);
        drift.put(AVERAGE_R_W, averageRW);
        drift.put(Measures.HELD_OUT_DRIFT, averageDW / averageRW);
        drift.put(Measures.HELD_OUT_DRIFT_STEPS, averagedSteps);
        drift.values().removeIf(value -> !Double.isFinite(value));
        return drift;
    }

    /** m_w / r_w: above 1, real images are predicted worse than before training. */
    public double preferredRatio() {
        return mW / rW;
    }

    /** (m_l - r_l) - (m_w - r_w). */
    public double margin() {
        return (mL - rL) - (mW - rW);
    }

    /** The measures by name, as manifests and reports carry them; what is not finite is left out. */
    public Map<String, Double> named() {
        Map<String, Double> named = new TreeMap<>();
        named.put(PAIRS, (double) pairs);
        named.put("held_out.m_w", mW);
        named.put("held_out.m_l", mL);
        named.put("held_out.r_w", rW);
        named.put("held_out.r_l", rL);
        named.put(Measures.HELD_OUT_PREFERRED_RATIO, preferredRatio());
        named.put("held_out.margin", margin());
        named.put("held_out.implicit_accuracy", implicitAccuracy);
        kinds.forEach((kind, metrics) -> named.putAll(metrics.named("held_out." + kind + ".")));
        named.values().removeIf(value -> !Double.isFinite(value));
        return Collections.unmodifiableMap(named);
    }
}
