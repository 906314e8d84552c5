package dev.realalign.diffusion.schedule;

import dev.realalign.diffusion.JsonConfig;
import dev.realalign.diffusion.ModelFormatException;
import java.nio.file.Path;
import java.util.List;

/**
 * A published sampler: the training schedule it belongs to, and the plan of a sampling run. Implementations are values
 * without state; the coefficients of every step are in the {@link SamplingPlan}.
 */
public sealed interface Scheduler
        permits DdpmScheduler,
                DdimScheduler,
                PndmScheduler,
                DpmSolverScheduler,
                EulerScheduler,
                FlowMatchEulerScheduler {

    /** The class names that {@link #read} knows. */
    List<String> SUPPORTED = List.of(
            "DDPMScheduler",
            "DDIMScheduler",
            "PNDMScheduler",
            "DPMSolverMultistepScheduler",
            "EulerDiscreteScheduler",
            "FlowMatchEulerDiscreteScheduler");

    /** The noise levels the network was trained at. */
    NoiseSchedule schedule();

    /**
     * The distinct timesteps of a run, from noisy to clean.
     *
     * @throws IllegalArgumentException if {@code steps} is below 1 or more than the schedule can be divided into
     */
    double[] timesteps(int steps);

    /**
     * A plan through given timesteps, from noisy to clean, and from the last of them to the clean image.
     *
     * @throws IllegalArgumentException if they do not fall, or the network does not know them
     */
    SamplingPlan through(double... timesteps);

    /** The plan of a whole run from pure noise. */
    default SamplingPlan plan(int steps) {
        return plan(steps, 1);
    }

    /**
     * The plan of the last part of a run, for starting from a noised image (SDEdit, Meng et al. 2021, arXiv 2108.01073).
     *
     * @param strength the share of the steps that is run, in (0, 1]; 1 is a whole run
     * @throws IllegalArgumentException if that leaves no step
     */
    default SamplingPlan plan(int steps, double strength) {
        return through(TimestepSpacing.lastShare(timesteps(steps), steps, strength));
    }

    /**
     * Reads a {@code scheduler_config.json}.
     *
     * @throws ModelFormatException naming the file, for an unknown class or an option that is not supported
     */
    static Scheduler read(Path file) {
        return JsonConfig.read(file, Scheduler::from);
    }

    /** As {@link #read}, from a parsed configuration. */
    static Scheduler from(JsonConfig json) {
        String name = json.text("_class_name", "(none)");
        return switch (name) {
            case "DDPMScheduler" -> DdpmScheduler.from(json);
            case "DDIMScheduler" -> DdimScheduler.from(json);
            case "PNDMScheduler" -> PndmScheduler.from(json);
            case "DPMSolverMultistepScheduler" -> DpmSolverScheduler.from(json);
            case "EulerDiscreteScheduler" -> EulerScheduler.from(json);
            case "FlowMatchEulerDiscreteScheduler" -> FlowMatchEulerScheduler.from(json);
            default -> throw new IllegalArgumentException("the scheduler class \"" + name
                    + "\" is not supported; supported are " + String.join(", ", SUPPORTED)
                    + " (any of the first five may replace another one of them in scheduler_config.json)");
        };
    }
}
