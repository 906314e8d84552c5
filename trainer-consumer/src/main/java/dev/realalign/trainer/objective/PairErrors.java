package dev.realalign.trainer.objective;

/**
 * What an objective may know of one pair: sums over all N = C x H x W elements, in double precision.
 *
 * <p>With p the policy's prediction, q the frozen reference's, t the regression target, and w, l the preferred and the
 * rejected half of the pair; what an objective does not use may be NaN:
 *
 * @param elements N, the number of elements of one prediction
 * @param policyPreferred sum of (p_w - t_w)^2
 * @param policyRejected sum of (p_l - t_l)^2
 * @param referencePreferred sum of (q_w - t_w)^2
 * @param referenceRejected sum of (q_l - t_l)^2
 * @param innerProduct sum of (p_w - t_w)(p_l - t_l)
 * @param driftPreferred sum of (p_w - q_w)^2
 * @param driftRejected sum of (p_l - q_l)^2
 * @param signalToNoise abar_t / (1 - abar_t) of the timestep the pair was noised at
 */
public record PairErrors(
        long elements,
        double policyPreferred,
        double policyRejected,
        double referencePreferred,
        double referenceRejected,
        double innerProduct,
        double driftPreferred,
        double driftRejected,
        double signalToNoise) {

    public PairErrors {
        if (elements < 1) {
            throw new IllegalArgumentException("a prediction has at least one element, not " + elements);
        }
    }

    /** m_w, the policy's mean squared error on the preferred half. */
    public double mW() {
        return policyPreferred / elements;
    }

    /** m_l, the policy's mean squared error on the rejected half. */
    public double mL() {
        return policyRejected / elements;
    }

    /** r_w, the reference's mean squared error on the preferred half. */
    public double rW() {
        return referencePreferred / elements;
    }

    /** r_l, the reference's mean squared error on the rejected half. */
    public double rL() {
        return referenceRejected / elements;
    }

    /** d_w = m_w - r_w: negative where the policy beats the reference on the preferred half. */
    public double dW() {
        return (policyPreferred - referencePreferred) / elements;
    }

    /** d_l = m_l - r_l: negative where the policy beats the reference on the rejected half. */
    public double dL() {
        return (policyRejected - referenceRejected) / elements;
    }

    /** The implicit preference d_l - d_w: positive where the policy moved towards the preferred half. */
    public double margin() {
        return dL() - dW();
    }

    /** 1 where the policy prefers the preferred half, 0 where the rejected one, 0.5 for a tie; NaN where not measured. */
    public double implicitAccuracy() {
        double margin = margin();
        return margin > 0 ? 1.0 : margin < 0 ? 0.0 : margin == 0 ? 0.5 : Double.NaN;
    }
}
