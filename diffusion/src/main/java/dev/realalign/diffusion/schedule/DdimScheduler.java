package dev.realalign.diffusion.schedule;

import dev.realalign.diffusion.JsonConfig;
import java.util.ArrayList;
import java.util.List;

/**
 * DDIM (Song et al. 2020, arXiv 2010.02502) without added noise (eta 0).
 *
 * <p>As in diffusers, a planned run steps from t to t - N/steps (rounded down) and after the last timestep to abar_0, or
 * to the clean image if {@code set_alpha_to_one}.
 *
 * @param schedule the training schedule
 * @param spacing how timesteps are picked
 * @param stepsOffset added to each timestep under leading spacing
 * @param setAlphaToOne whether the last step ends at the clean image instead of abar_0
 * @param clip bound of the predicted image (pixel-space models); infinite for none
 */
public record DdimScheduler(
        DiffusionSchedule schedule, TimestepSpacing spacing, int stepsOffset, boolean setAlphaToOne, double clip)
        implements Scheduler {

    static DdimScheduler from(JsonConfig json) {
        SchedulerOptions.refuse(json, "thresholding");
        return new DdimScheduler(
                DiffusionSchedule.read(json),
                TimestepSpacing.of(json.text("timestep_spacing", "leading")),
                json.integer("steps_offset", 0),
                json.flag("set_alpha_to_one", true),
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

    private SamplingStep step(int from, int to) {
        NoiseLevel next = to >= 0 ? schedule.level(to) : end(schedule, setAlphaToOne);
        return SamplingStep.firstOrder(schedule.prediction(), schedule.level(from), next, clip);
    }

    /** Where a run ends. */
    static NoiseLevel end(DiffusionSchedule schedule, boolean setAlphaToOne) {
        return setAlphaToOne ? NoiseLevel.CLEAN : schedule.level(0);
    }
}
