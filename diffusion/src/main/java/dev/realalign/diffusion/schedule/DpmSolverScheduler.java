package dev.realalign.diffusion.schedule;

import dev.realalign.diffusion.JsonConfig;
import dev.realalign.diffusion.schedule.PredictionType.Combination;
import java.util.ArrayList;
import java.util.List;

/**
 * DPM-Solver++ of order 1 or 2, multistep (Lu et al. 2022, arXiv 2211.01095, algorithm 2).
 *
 * @param schedule the training schedule
 * @param spacing how timesteps are picked
 * @param stepsOffset added to each timestep under leading spacing
 * @param order 1 or 2
 * @param heun whether the second-order term is Heun's instead of the midpoint's
 * @param lowerOrderFinal whether runs of fewer than 15 steps end with a first-order step
 * @param firstOrderAtEnd whether every run ends with a first-order step
 * @param endsClean whether the last step goes to the clean image (final_sigmas_type zero) instead of abar_0; it is then
 *     of first order
 * @param lambdaMin half log-SNR below which timesteps are not used; -Infinity for none
 */
public record DpmSolverScheduler(
        DiffusionSchedule schedule,
        TimestepSpacing spacing,
        int stepsOffset,
        int order,
        boolean heun,
        boolean lowerOrderFinal,
        boolean firstOrderAtEnd,
        boolean endsClean,
        double lambdaMin)
        implements Scheduler {

    /** Runs shorter than this are kept stable by a first-order end. */
    private static final int SHORT = 15;

    public DpmSolverScheduler {
        if (order != 1 && order != 2) {
            throw new IllegalArgumentException(
                    "\"solver_order\" " + order + " is not supported; supported are 1 and 2");
        }
        schedule = schedule.withFiniteNoiseRatio();
    }

    /** The published defaults (second order, midpoint, linspace, ending at the clean image) over a schedule. */
    public static DpmSolverScheduler over(DiffusionSchedule schedule) {
        return new DpmSolverScheduler(
                schedule, TimestepSpacing.LINSPACE, 0, 2, false, true, false, true, Double.NEGATIVE_INFINITY);
    }

    static DpmSolverScheduler from(JsonConfig json) {
        SchedulerOptions.refuse(
                json,
                "thresholding",
                "use_karras_sigmas",
                "use_exponential_sigmas",
                "use_beta_sigmas",
                "use_lu_lambdas",
                "use_flow_sigmas");
        SchedulerOptions.require(json, "algorithm_type", "dpmsolver++", List.of("dpmsolver++"));
        SchedulerOptions.require(json, "solver_type", "midpoint", List.of("midpoint", "heun"));
        SchedulerOptions.require(json, "final_sigmas_type", "zero", List.of("zero", "sigma_min"));
        if (json.has("variance_type")) {
            json.problem("\"variance_type\" is not supported; set it to null");
        }
        return new DpmSolverScheduler(
                DiffusionSchedule.read(json),
                TimestepSpacing.of(json.text("timestep_spacing", "linspace")),
                json.integer("steps_offset", 0),
                json.integer("solver_order", 2),
                json.text("solver_type", "midpoint").equals("heun"),
                json.flag("lower_order_final", true),
                json.flag("euler_at_final", false),
                json.text("final_sigmas_type", "zero").equals("zero"),
                json.number("lambda_min_clipped", Double.NEGATIVE_INFINITY));
    }

    @Override
    public double[] timesteps(int steps) {
        int last = schedule.size();
        while (last > 1 && lambda(schedule.level(last - 1)) < lambdaMin) {
            last--;
        }
        return spacing.solverTimesteps(schedule.size(), last, steps, stepsOffset);
    }

    @Override
    public SamplingPlan through(double... timesteps) {
        TimestepSpacing.requireFalling(timesteps, schedule.size());
        List<NoiseLevel> levels = new ArrayList<>();
        for (double timestep : timesteps) {
            levels.add(schedule.levelBetween(timestep));
        }
        levels.add(endsClean ? NoiseLevel.CLEAN : schedule.level(0));
        List<SamplingStep> plan = new ArrayList<>();
        int steps = timesteps.length;
        for (int i = 0; i < steps; i++) {
            boolean last = i == steps - 1;
            boolean first = i == 0
                    || order == 1
                    || (last && (firstOrderAtEnd || endsClean || (lowerOrderFinal && steps < SHORT)));
            plan.add(
                    first
                            ? firstOrder(levels.get(i), levels.get(i + 1))
                            : secondOrder(levels.get(i - 1), levels.get(i), levels.get(i + 1)));
        }
        return new SamplingPlan(plan, 1);
    }

    /** x_t = (sigma_t / sigma_s) x_s - alpha_t (e^-h - 1) d_s, which is DDIM's step. */
    private SamplingStep firstOrder(NoiseLevel from, NoiseLevel to) {
        return new SamplingStep(
                from,
                schedule.prediction().clean(from),
                Double.POSITIVE_INFINITY,
                List.of(to.noise() / from.noise()),
                List.of(-to.clean() * expm1(from, to)),
                List.of(),
                0);
    }

    /** As the first order, with (d_s - d_r) / r added, where r = (lambda_s - lambda_r) / h. */
    private SamplingStep secondOrder(NoiseLevel before, NoiseLevel from, NoiseLevel to) {
        double h = lambda(to) - lambda(from);
        double r = (lambda(from) - lambda(before)) / h;
        double first = -to.clean() * expm1(from, to);
        double second = heun ? to.clean() * (expm1(from, to) / h + 1) : first / 2;
        Combination clean = schedule.prediction().clean(from);
        return new SamplingStep(
                from,
                clean,
                Double.POSITIVE_INFINITY,
                List.of(to.noise() / from.noise()),
                List.of(first + second / r, -second / r),
                List.of(),
                0);
    }

    /** e^-h - 1 with h = lambda_t - lambda_s, without the logarithms: h is infinite at the clean image. */
    private static double expm1(NoiseLevel from, NoiseLevel to) {
        return to.noise() * from.clean() / (to.clean() * from.noise()) - 1;
    }

    /** Half the log-SNR. */
    private static double lambda(NoiseLevel level) {
        return Math.log(level.clean() / level.noise());
    }
}
