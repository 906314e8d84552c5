package dev.realalign.diffusion.parity;

import java.util.Arrays;

/**
 * The outcome of a comparison.
 *
 * @param error ||out - reference|| / ||reference||, the largest where several tensors are compared; {@link #INCOMPARABLE} for different shapes or values
 *     that are not finite
 * @param tolerance the largest error that passes
 */
public record ParityResult(String name, double error, double tolerance) {
    /** The error of what cannot be compared at all. */
    public static final double INCOMPARABLE = Double.MAX_VALUE;

    public boolean ok() {
        return error <= tolerance;
    }

    /** ||out - reference|| / ||reference||, summed in double; 0 for equal zeros. */
    public static double relativeError(float[] out, float[] reference) {
        double difference = 0;
        double norm = 0;
        if (out.length != reference.length) {
            return INCOMPARABLE;
        }
        for (int i = 0; i < out.length; i++) {
            double d = (double) out[i] - reference[i];
            difference += d * d;
            norm += (double) reference[i] * reference[i];
        }
        double error = Arrays.equals(out, reference) ? 0 : Math.sqrt(difference / norm);
        return Double.isFinite(error) ? error : INCOMPARABLE;
    }
}
