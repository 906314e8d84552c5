package dev.realalign.diffusion.schedule;

import dev.realalign.diffusion.JsonConfig;
import java.util.ArrayList;
import java.util.List;

/**
 * Ancestral sampling of DDPM (Ho et al. 2020, arXiv 2006.11239, equation 7), over any falling list of timesteps.
 *
 * <p>As in diffusers, a planned run steps from t to t - N/steps (rounded down) and at last to the clean image; noise is
 * added after every timestep but 0.
 *
 * @param schedule the training schedule
 * @param spacing how timesteps are picked
 * @param stepsOffset added to each timestep under leading spacing
 * @param largeVariance whether the added noise has variance beta_t instead of the posterior's (equation 7's beta-tilde)
 * @param clip bound of the predicted image; infinite for none
 */
public record DdpmScheduler(
        DiffusionSchedule schedule, TimestepSpacing spacing, int stepsOffset, boolean largeVariance, double clip)
        implements Scheduler {

    /** Lower bound of the added variance, as published implementations have it. */
    private static final double MIN_VARIANCE = 1e-20;

    static DdpmScheduler from(JsonConfig json) {
        SchedulerOptions.refuse(json, "thresholding");
        String variance = json.text("variance_type", "fixed_small");
        if (!List.of("fixed_small", "fixed_small_log", "fixed_large").contains(variance)) {
            json.problem("\"variance_type\" \"" + variance
                    + "\" is not supported; supported are fixed_small, fixed_small_log, fixed_large");
        }
        return new DdpmScheduler(
                DiffusionSchedule.read(json),
                TimestepSpacing.of(json.text("timestep_spacing", "leading")),
                json.integer("steps_offset", 0),
                variance.equals("fixed_large"),
                json.flag("clip_sample", true) ? json.number("clip_sample_range", 1) : Double.POSITIVE_INFINITY);
    }

    @Override
    public double[] timesteps(int steps) {
        return TimestepSpacing.rounded(spacing.timesteps(schedule.size(), steps, stepsOffset));
    }

    @Override
    public SamplingPlan plan(int steps, double strength) {
        double[] timesteps = TimestepSpacing.lastShare(timesteps(steps), steps, strength);
        int stride = schedule.size() / steps;
        List<SamplingStep> plan = new ArrayList<>();
        for (double timestep : timesteps) {
            plan.add(step((int) timestep, (int) timestep - stride));
        }
        return new SamplingPlan(plan, 1);
    }

    @Override
    public SamplingPlan through(double... timesteps) {
        TimestepSpacing.requireFalling(timesteps, schedule.size());
        double[] whole = TimestepSpacing.rounded(timesteps);
        List<SamplingStep> plan = new ArrayList<>();
        for (int i = 0; i < whole.length; i++) {
            plan.add(step((int) whole[i], i + 1 < whole.length ? (int) whole[i + 1] : -1));
        }
        return new SamplingPlan(plan, 1);
    }

    private SamplingStep step(int timestep, int next) {
        NoiseLevel from = schedule.level(timestep);
        NoiseLevel to = next >= 0 ? schedule.level(next) : NoiseLevel.CLEAN;
        double alpha = from.clean() / to.clean(); // sqrt(abar_t / abar_s)
        double beta = 1 - alpha * alpha;
        double fromVariance = from.noise() * from.noise();
        double toVariance = to.noise() * to.noise();
        double added = largeVariance ? beta : toVariance / fromVariance * beta;
        return new SamplingStep(
                from,
                schedule.prediction().clean(from),
                clip,
                List.of(alpha * toVariance / fromVariance),
                List.of(to.clean() * beta / fromVariance),
                List.of(),
                timestep > 0 && added > 0 ? Math.sqrt(Math.max(added, MIN_VARIANCE)) : 0);
    }
}
