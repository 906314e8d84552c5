package dev.realalign.diffusion.schedule;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.IntStream;

/** How sampling timesteps are picked among the training timesteps (Lin et al. 2023, arXiv 2305.08891, table 2). */
public enum TimestepSpacing {
    LEADING,
    LINSPACE,
    TRAILING;

    /** @throws IllegalArgumentException listing the names that are known */
    static TimestepSpacing of(String published) {
        return Arrays.stream(values())
                .filter(s -> s.name().toLowerCase(Locale.ROOT).equals(published))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("\"timestep_spacing\" \"" + published
                        + "\" is unknown; known are leading, linspace, trailing"));
    }

    /**
     * Timesteps from noisy to clean, not rounded (only linspace gives fractions).
     *
     * @param training number of training timesteps
     * @param steps number of sampling timesteps
     * @param offset added to each under leading spacing
     * @throws IllegalArgumentException if so many steps do not fit
     */
    double[] timesteps(int training, int steps, int offset) {
        check(training, steps);
        double[] timesteps =
                switch (this) {
                    case LEADING -> IntStream.range(0, steps)
                            .mapToDouble(i -> (double) (steps - 1 - i) * (training / steps) + offset)
                            .toArray();
                    case LINSPACE -> descending(DiffusionSchedule.linspace(0, training - 1.0, steps));
                    case TRAILING -> trailing(training, training, steps);
                };
        return checked(timesteps, training);
    }

    /**
     * The timesteps of DPM-Solver, which divides the range into one part more; whole numbers.
     *
     * @param last timesteps at or above are not used (the number of training timesteps, unless lambda is clipped)
     */
    double[] solverTimesteps(int training, int last, int steps, int offset) {
        check(Math.min(training, last) - 1, steps);
        double[] timesteps =
                switch (this) {
                    case LEADING -> IntStream.range(0, steps)
                            .mapToDouble(i -> (double) (steps - i) * (last / (steps + 1)) + offset)
                            .toArray();
                    case LINSPACE -> Arrays.copyOf(
                            rounded(descending(DiffusionSchedule.linspace(0, last - 1.0, steps + 1))), steps);
                    case TRAILING -> trailing(last, training, steps);
                };
        return checked(timesteps, training);
    }

    static double[] rounded(double[] timesteps) {
        return Arrays.stream(timesteps).map(Math::rint).toArray();
    }

    private static double[] trailing(int last, int training, int steps) {
        return IntStream.range(0, steps)
                .mapToDouble(i -> Math.rint(last - i * ((double) training / steps)) - 1)
                .filter(t -> t >= 0)
                .toArray();
    }

    private static double[] descending(double[] ascending) {
        return IntStream.range(0, ascending.length)
                .mapToDouble(i -> ascending[ascending.length - 1 - i])
                .toArray();
    }

    private static void check(int training, int steps) {
        if (steps < 1 || steps > training) {
            throw new IllegalArgumentException(
                    "the number of sampling steps must be 1 to " + training + " but is " + steps);
        }
    }

    private static double[] checked(double[] timesteps, int training) {
        if (timesteps[0] > training - 1) {
            throw new IllegalArgumentException("sampling would start at timestep " + (long) timesteps[0]
                    + ", but the network knows 0 to " + (training - 1) + "; use fewer steps or a smaller steps_offset");
        }
        return timesteps;
    }

    /** The last {@code floor(steps * strength)} timesteps. */
    static double[] lastShare(double[] timesteps, int steps, double strength) {
        if (!(strength > 0 && strength <= 1)) {
            throw new IllegalArgumentException("strength must be above 0 and at most 1 but is " + strength);
        }
        int kept = Math.min((int) (steps * strength), timesteps.length);
        if (kept < 1) {
            throw new IllegalArgumentException(String.format(
                    Locale.ROOT,
                    "strength %s of %d steps leaves no step to run; use at least %d steps or a larger strength",
                    strength,
                    steps,
                    (int) Math.ceil(1 / strength)));
        }
        return Arrays.copyOfRange(timesteps, timesteps.length - kept, timesteps.length);
    }

    /** @throws IllegalArgumentException unless the timesteps fall and lie in 0 to size - 1 */
    static void requireFalling(double[] timesteps, int size) {
        if (timesteps.length == 0) {
            throw new IllegalArgumentException("a sampling run needs at least one timestep");
        }
        for (int i = 0; i < timesteps.length; i++) {
            if (!(timesteps[i] >= 0 && timesteps[i] <= size - 1) || (i > 0 && timesteps[i] >= timesteps[i - 1])) {
                throw new IllegalArgumentException("sampling timesteps must fall from at most " + (size - 1)
                        + " to at least 0, but number " + i + " of " + Arrays.toString(timesteps) + " does not");
            }
        }
    }
}
