package dev.realalign.diffusion.schedule;

import dev.realalign.diffusion.JsonConfig;
import java.util.ArrayList;
import java.util.List;

/**
 * Euler's method on the probability flow (Karras et al. 2022, arXiv 2206.00364, algorithm 2 without churn and
 * correction).
 *
 * <p>It is usually written for {@code x / clean}, whose noise sigma = noise / clean grows; in the network's own scale
 * each step is the first-order step of DDIM, and pure noise times the largest sigma is pure noise times
 * {@code noise_T}.
 *
 * @param schedule the training schedule
 * @param spacing how timesteps are picked; linspace gives fractions, between which sigma is interpolated
 * @param stepsOffset added to each timestep under leading spacing
 * @param endsClean whether the last step goes to the clean image (final_sigmas_type zero) instead of abar_0
 */
public record EulerScheduler(DiffusionSchedule schedule, TimestepSpacing spacing, int stepsOffset, boolean endsClean)
        implements Scheduler {

    public EulerScheduler {
        schedule = schedule.withFiniteNoiseRatio();
    }

    static EulerScheduler from(JsonConfig json) {
        SchedulerOptions.refuse(json, "use_karras_sigmas", "use_exponential_sigmas", "use_beta_sigmas");
        SchedulerOptions.require(json, "interpolation_type", "linear", List.of("linear"));
        SchedulerOptions.require(json, "timestep_type", "discrete", List.of("discrete"));
        SchedulerOptions.require(json, "final_sigmas_type", "zero", List.of("zero", "sigma_min"));
        for (String key : List.of("sigma_min", "sigma_max")) {
            if (json.has(key)) {
                json.problem("\"" + key + "\" is not supported; set it to null");
            }
        }
        return new EulerScheduler(
                DiffusionSchedule.read(json),
                TimestepSpacing.of(json.text("timestep_spacing", "linspace")),
                json.integer("steps_offset", 0),
                json.text("final_sigmas_type", "zero").equals("zero"));
    }

    @Override
    public double[] timesteps(int steps) {
        return spacing.timesteps(schedule.size(), steps, stepsOffset);
    }

    @Override
    public SamplingPlan through(double... timesteps) {
        TimestepSpacing.requireFalling(timesteps, schedule.size());
        List<SamplingStep> plan = new ArrayList<>();
        for (int i = 0; i < timesteps.length; i++) {
            NoiseLevel next = i + 1 < timesteps.length ? schedule.levelBetween(timesteps[i + 1]) : end();
            plan.add(SamplingStep.firstOrder(
                    schedule.prediction(), schedule.levelBetween(timesteps[i]), next, Double.POSITIVE_INFINITY));
        }
        double initialScale =
                spacing == TimestepSpacing.LEADING ? 1 : plan.get(0).level().noise();
        return new SamplingPlan(plan, initialScale);
    }

    /** The last sample is an image, so it is handed out as x / clean; at abar_0 that is x_0 with noise ratio sigma_0. */
    private NoiseLevel end() {
        NoiseLevel last = schedule.level(0);
        return endsClean ? NoiseLevel.CLEAN : new NoiseLevel(0, 1, last.noise() / last.clean());
    }
}
