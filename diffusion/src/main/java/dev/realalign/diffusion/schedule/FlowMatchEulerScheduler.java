package dev.realalign.diffusion.schedule;

import dev.realalign.diffusion.JsonConfig;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Euler's method for rectified flow (Esser et al. 2024, arXiv 2403.03206): x' = x + (sigma' - sigma) v.
 *
 * <p>As published, the sigmas of a run are spaced evenly from 1 down to the smallest training sigma, which is already
 * shifted, and are then shifted again.
 *
 * @param schedule the training schedule with its shift
 */
public record FlowMatchEulerScheduler(FlowSchedule schedule) implements Scheduler {

    static FlowMatchEulerScheduler from(JsonConfig json) {
        SchedulerOptions.refuse(
                json,
                "use_dynamic_shifting",
                "use_karras_sigmas",
                "use_exponential_sigmas",
                "use_beta_sigmas",
                "invert_sigmas",
                "stochastic_sampling");
        if (json.has("shift_terminal")) {
            json.problem("\"shift_terminal\" is not supported; set it to null");
        }
        return new FlowMatchEulerScheduler(
                new FlowSchedule(json.integer("num_train_timesteps", 1000), json.number("shift", 1)));
    }

    @Override
    public double[] timesteps(int steps) {
        int size = schedule.size();
        if (steps < 1 || steps > size) {
            throw new IllegalArgumentException(
                    "the number of sampling steps must be 1 to " + size + " but is " + steps);
        }
        double smallest = schedule.level(size - 1).noise();
        return Arrays.stream(DiffusionSchedule.linspace(1, smallest, steps))
                .map(sigma -> size * schedule.shifted(sigma))
                .toArray();
    }

    @Override
    public SamplingPlan through(double... timesteps) {
        TimestepSpacing.requireFalling(timesteps, schedule.size() + 1);
        List<SamplingStep> plan = new ArrayList<>();
        for (int i = 0; i < timesteps.length; i++) {
            NoiseLevel next = i + 1 < timesteps.length ? level(timesteps[i + 1]) : NoiseLevel.CLEAN;
            plan.add(SamplingStep.firstOrder(
                    schedule.prediction(), level(timesteps[i]), next, Double.POSITIVE_INFINITY));
        }
        return new SamplingPlan(plan, 1);
    }

    private NoiseLevel level(double timestep) {
        return schedule.ofSigma(timestep / schedule.size());
    }
}
