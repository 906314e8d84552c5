package dev.realalign.diffusion.schedule;

import dev.realalign.diffusion.JsonConfig;
import dev.realalign.diffusion.schedule.PredictionType.Combination;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/**
 * Pseudo numerical methods (Liu et al. 2022, arXiv 2202.09778): the linear multistep method, warmed up by one improved
 * Euler step (PLMS, {@code skip_prk_steps}) or by three Runge-Kutta steps of four evaluations (PRK).
 *
 * <p>Outputs of several timesteps are mixed as the network gives them, also where they are v-predictions, and the mix is
 * read at the timestep that the step starts from: what published implementations do.
 *
 * @param schedule the training schedule
 * @param spacing how timesteps are picked
 * @param stepsOffset added to each timestep under leading spacing
 * @param setAlphaToOne whether the last step ends at the clean image instead of abar_0
 * @param skipRungeKutta whether the warm-up is the single improved Euler step
 */
public record PndmScheduler(
        DiffusionSchedule schedule,
        TimestepSpacing spacing,
        int stepsOffset,
        boolean setAlphaToOne,
        boolean skipRungeKutta)
        implements Scheduler {

    /** Adams-Bashforth weights of order 1 to 4, newest output first. */
    private static final double[][] ADAMS_BASHFORTH = {
        {1}, {3 / 2.0, -1 / 2.0}, {23 / 12.0, -16 / 12.0, 5 / 12.0}, {55 / 24.0, -59 / 24.0, 37 / 24.0, -9 / 24.0}
    };

    public PndmScheduler {
        if (schedule.prediction() == PredictionType.SAMPLE) {
            throw new IllegalArgumentException(
                    "PNDM mixes predictions of noise or velocity, not \"sample\"; use another scheduler class");
        }
    }

    static PndmScheduler from(JsonConfig json) {
        return new PndmScheduler(
                DiffusionSchedule.read(json),
                TimestepSpacing.of(json.text("timestep_spacing", "leading")),
                json.integer("steps_offset", 0),
                json.flag("set_alpha_to_one", false),
                json.flag("skip_prk_steps", false));
    }

    @Override
    public double[] timesteps(int steps) {
        return TimestepSpacing.rounded(spacing.timesteps(schedule.size(), steps, stepsOffset));
    }

    @Override
    public SamplingPlan plan(int steps, double strength) {
        return plan(TimestepSpacing.lastShare(timesteps(steps), steps, strength), schedule.size() / steps);
    }

    /** {@inheritDoc} The steps between them must be nearly even: the multistep weights are those of even steps. */
    @Override
    public SamplingPlan through(double... timesteps) {
        TimestepSpacing.requireFalling(timesteps, schedule.size());
        double[] whole = TimestepSpacing.rounded(timesteps);
        int stride =
                whole.length > 1 ? (int) (whole[0] - whole[whole.length - 1]) / (whole.length - 1) : (int) whole[0];
        return plan(whole, Math.max(stride, 1));
    }

    private SamplingPlan plan(double[] timesteps, int stride) {
        Walk walk = new Walk(stride);
        int next = 0;
        if (skipRungeKutta) {
            next = walk.improvedEuler(timesteps);
        } else {
            if (timesteps.length < 4) {
                throw new IllegalArgumentException("PNDM's Runge-Kutta warm-up needs at least 4 steps, not "
                        + timesteps.length + "; use more steps or \"skip_prk_steps\": true");
            }
            for (; next < 3; next++) {
                walk.rungeKutta((int) timesteps[next], (int) timesteps[next + 1]);
            }
        }
        for (; next < timesteps.length; next++) {
            walk.multistep((int) timesteps[next]);
        }
        return new SamplingPlan(walk.plan, 1);
    }

    /** The evaluations so far, and which of their outputs the multistep method remembers. */
    private final class Walk {
        private final List<SamplingStep> plan = new ArrayList<>();
        private final List<Integer> remembered = new ArrayList<>();
        private final int stride;

        Walk(int stride) {
            this.stride = stride;
        }

        /** Steps with the first output, then again with the mean of both ends; returns the timesteps used up. */
        int improvedEuler(double[] timesteps) {
            int first = (int) timesteps[0];
            remembered.add(0);
            evaluate(first, first, first - stride, 0, 1);
            if (timesteps.length == 1) {
                return 1;
            }
            int second = (int) timesteps[1];
            evaluate(second, second + stride, second, 1, 1 / 2.0, 1 / 2.0);
            return 1;
        }

        /** Four evaluations from t to the next timestep (equation 10); only the first output is remembered. */
        void rungeKutta(int t, int next) {
            int half = stride / 2;
            remembered.add(plan.size());
            evaluate(t, t, t - half, 0, 1);
            evaluate(next + half, t, next + half, 1, 1);
            evaluate(next + half, t, next, 2, 1);
            evaluate(next, t, next, 3, 1 / 6.0, 1 / 3.0, 1 / 3.0, 1 / 6.0);
        }

        /** One evaluation, mixed with up to three remembered ones (equation 12). */
        void multistep(int t) {
            int current = plan.size();
            remembered.add(current);
            double[] weights = ADAMS_BASHFORTH[Math.min(remembered.size(), ADAMS_BASHFORTH.length) - 1];
            double[] mixed = new double[current + 1];
            for (int k = 0; k < weights.length; k++) {
                mixed[current - remembered.get(remembered.size() - 1 - k)] = weights[k];
            }
            int depth = mixed.length;
            while (mixed[depth - 1] == 0) {
                depth--;
            }
            evaluate(t, t, t - stride, 0, Arrays.copyOf(mixed, depth));
        }

        /**
         * Asks the network at one timestep and steps between two others.
         *
         * @param base how many evaluations ago the sample that the step starts from was the current one
         * @param weights of the current output, the one before, ...
         */
        private void evaluate(int at, int from, int to, int base, double... weights) {
            NoiseLevel end = to >= 0 ? schedule.level(to) : DdimScheduler.end(schedule, setAlphaToOne);
            Combination step = SamplingStep.transfer(schedule.prediction(), schedule.level(from), end);
            List<Double> samples = new ArrayList<>(Collections.nCopies(base, 0.0));
            samples.add(step.ofSample());
            plan.add(new SamplingStep(
                    schedule.level(at),
                    schedule.prediction().clean(schedule.level(at)),
                    Double.POSITIVE_INFINITY,
                    samples,
                    List.of(),
                    Arrays.stream(weights)
                            .map(weight -> weight * step.ofOutput())
                            .boxed()
                            .toList(),
                    0));
        }
    }
}
