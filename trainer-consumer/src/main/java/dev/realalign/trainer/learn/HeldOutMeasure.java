package dev.realalign.trainer.learn;

import dev.realalign.schemas.Measures;
import java.util.Collections;
import java.util.Map;
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
 */
public record HeldOutMeasure(int pairs, double mW, double mL, double rW, double rL, double implicitAccuracy) {

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
        named.put("held_out.pairs", (double) pairs);
        named.put("held_out.m_w", mW);
        named.put("held_out.m_l", mL);
        named.put("held_out.r_w", rW);
        named.put("held_out.r_l", rL);
        named.put(Measures.HELD_OUT_PREFERRED_RATIO, preferredRatio());
        named.put("held_out.margin", margin());
        named.put("held_out.implicit_accuracy", implicitAccuracy);
        named.values().removeIf(value -> !Double.isFinite(value));
        return Collections.unmodifiableMap(named);
    }
}
