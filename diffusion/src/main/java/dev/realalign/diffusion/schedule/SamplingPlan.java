package dev.realalign.diffusion.schedule;

import java.util.List;

/**
 * Everything a sampler will do, known beforehand: the network evaluations in order, with the coefficients of each
 * update.
 *
 * @param steps one per network evaluation
 * @param initialScale what standard normal noise is multiplied with to make the first sample, for samplers that start
 *     from pure noise
 */
public record SamplingPlan(List<SamplingStep> steps, double initialScale) {

    public SamplingPlan {
        if (steps.isEmpty()) {
            throw new IllegalArgumentException("a sampling plan needs at least one step");
        }
        steps = List.copyOf(steps);
    }

    /** Number of network evaluations. */
    public int size() {
        return steps.size();
    }

    /** What the network is told at each evaluation. */
    public double[] timesteps() {
        return steps.stream().mapToDouble(step -> step.level().timestep()).toArray();
    }

    /** The noise level of the sample at each evaluation. */
    public List<NoiseLevel> levels() {
        return steps.stream().map(SamplingStep::level).toList();
    }

    /** The noise level of the sample after evaluation {@code i}; clean after the last. */
    public NoiseLevel levelAfter(int i) {
        return i + 1 < steps.size() ? steps.get(i + 1).level() : NoiseLevel.CLEAN;
    }
}
