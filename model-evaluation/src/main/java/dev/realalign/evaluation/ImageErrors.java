package dev.realalign.evaluation;

import java.util.Arrays;
import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Errors on one picture and its negatives: means over channels and pixels of the squared difference between prediction
 * and target, with the noise and the timesteps all models and all halves share.
 *
 * @param real errors on the real picture, [model][band]; model 0 is the base
 * @param negatives errors on the negatives by kind, [model][band]
 */
public record ImageErrors(double[][] real, SortedMap<String, double[][]> negatives) {

    /** Copies the map; the arrays are handed over. */
    public ImageErrors {
        negatives = Collections.unmodifiableSortedMap(new TreeMap<>(negatives));
    }

    /** m_w of a model: its error on the real picture, mean over bands. */
    double preferred(int model) {
        return Arrays.stream(real[model]).average().orElseThrow();
    }

    /** m_l of a model: its error on a negative, mean over bands. */
    double rejected(int model, String kind) {
        return Arrays.stream(of(kind)[model]).average().orElseThrow();
    }

    /** Whether there is a negative of this kind. */
    boolean has(String kind) {
        return negatives.containsKey(kind);
    }

    /**
     * Share of the bands in which a model tells the real picture from the negative better than the base does, (m_l - r_l)
     * above (m_w - r_w); ties count half.
     */
    double implicitAccuracy(int model, String kind) {
        double[][] negative = of(kind);
        double right = 0;
        for (int band = 0; band < real[model].length; band++) {
            double margin = (negative[model][band] - negative[0][band]) - (real[model][band] - real[0][band]);
            right += margin > 0 ? 1 : margin == 0 ? 0.5 : 0;
        }
        return right / real[model].length;
    }

    private double[][] of(String kind) {
        double[][] negative = negatives.get(kind);
        if (negative == null) {
            throw new IllegalArgumentException("this picture has no negative of the kind " + kind);
        }
        return negative;
    }
}
