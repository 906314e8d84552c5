package dev.realalign.generator.draw;

import dev.realalign.diffusion.schedule.DiffusionSchedule;
import dev.realalign.diffusion.schedule.DpmSolverScheduler;
import dev.realalign.diffusion.schedule.NoiseSchedule;
import dev.realalign.diffusion.schedule.Scheduler;
import java.util.Locale;
import java.util.Optional;

/** Which sampler draws. */
public enum SamplerChoice {
    /** The one the model's folder names. */
    MODEL,
    /** DPM-Solver++ (Lu et al. 2022, arXiv 2211.01095) over the model's schedule: good pictures in 20 steps and fewer. */
    DPM_SOLVER;

    /** How configuration writes it. */
    public String text() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** The sampler for a model; empty when the model's noise schedule does not suit it. */
    Optional<Scheduler> over(Scheduler own) {
        if (this == MODEL) {
            return Optional.of(own);
        }
        NoiseSchedule schedule = own.schedule();
        return schedule instanceof DiffusionSchedule diffusion
                ? Optional.of(DpmSolverScheduler.over(diffusion))
                : Optional.empty();
    }
}
