package dev.realalign.diffusion.schedule;

import dev.realalign.diffusion.schedule.PredictionType.Combination;
import java.util.List;

/**
 * One evaluation of the network and the update that follows, as coefficients of a linear multistep method. With x_i the
 * sample, m_i the network's output and {@code d_i = clamp(clean.ofSample x_i + clean.ofOutput m_i, +-clip)} the
 * predicted image of evaluation i,
 *
 * <pre>x_(i+1) = sum_j samples[j] x_(i-j) + cleans[j] d_(i-j) + outputs[j] m_(i-j) + noise * z,   z ~ N(0, 1)</pre>
 *
 * <p>All samples are in the scale the network sees ({@code clean x_0 + noise eps}), also for methods that are usually
 * written with a growing variance.
 *
 * @param level the noise level of x_i; the network is told its timestep
 * @param clean how d_i is read off
 * @param clip bound of the predicted image; infinite for none
 * @param samples factors of x_i, x_(i-1), ...
 * @param cleans factors of d_i, d_(i-1), ...
 * @param outputs factors of m_i, m_(i-1), ...
 * @param noise factor of fresh noise; 0 in deterministic methods
 */
public record SamplingStep(
        NoiseLevel level,
        Combination clean,
        double clip,
        List<Double> samples,
        List<Double> cleans,
        List<Double> outputs,
        double noise) {

    public SamplingStep {
        samples = List.copyOf(samples);
        cleans = List.copyOf(cleans);
        outputs = List.copyOf(outputs);
    }

    /**
     * The first-order step of DDIM (Song et al. 2020, arXiv 2010.02502, equation 12 with sigma 0): image and noise as
     * predicted at {@code from}, mixed anew at {@code to}. Euler's method on the probability flow, for diffusion and for
     * rectified flow, is the same step.
     *
     * @param clip bound of the predicted image (the predicted noise stays as it is); infinite for none
     */
    static SamplingStep firstOrder(PredictionType prediction, NoiseLevel from, NoiseLevel to, double clip) {
        Combination clean = prediction.clean(from);
        if (clip == Double.POSITIVE_INFINITY) {
            Combination next = transfer(prediction, from, to);
            return new SamplingStep(
                    from, clean, clip, List.of(next.ofSample()), List.of(), List.of(next.ofOutput()), 0);
        }
        Combination noise = prediction.noise(from);
        return new SamplingStep(
                from,
                clean,
                clip,
                List.of(to.noise() * noise.ofSample()),
                List.of(to.clean()),
                List.of(to.noise() * noise.ofOutput()),
                0);
    }

    /** The coefficients of {@code to.clean x_0 + to.noise eps} in terms of the sample and the output at {@code from}. */
    static Combination transfer(PredictionType prediction, NoiseLevel from, NoiseLevel to) {
        Combination clean = prediction.clean(from);
        Combination noise = prediction.noise(from);
        return new Combination(
                to.clean() * clean.ofSample() + to.noise() * noise.ofSample(),
                to.clean() * clean.ofOutput() + to.noise() * noise.ofOutput());
    }
}
