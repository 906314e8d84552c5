package dev.realalign.trainer.learn;

import dev.realalign.diffusion.denoiser.Conditioning;
import dev.realalign.diffusion.denoiser.Denoiser;
import dev.realalign.diffusion.lora.Adapter;
import dev.realalign.diffusion.schedule.DiffusionSchedule;
import dev.realalign.diffusion.schedule.DpmSolverScheduler;
import dev.realalign.diffusion.schedule.FlowMatchEulerScheduler;
import dev.realalign.diffusion.schedule.FlowSchedule;
import dev.realalign.diffusion.schedule.NoiseLevel;
import dev.realalign.diffusion.schedule.NoiseSchedule;
import dev.realalign.diffusion.schedule.SamplingPlan;
import dev.realalign.diffusion.schedule.SamplingStep;
import dev.realalign.diffusion.tensor.Autograd;
import dev.realalign.diffusion.tensor.Ops;
import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.diffusion.tensor.TensorScope;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * Samples of an adapter without guidance, each along timesteps of its own: DPM-Solver++ of second order in diffusion,
 * Euler's method in rectified flow. N evaluations divide the T training levels into strides of T/N; a trajectory of phase
 * p visits level k T/N + p of each stride, which for T = 1000 and N = 20 is t = 50 k + p, k = 19 to 0 (RealAlign, arXiv
 * 2605.19839, and Diffusion-DRO). A trajectory is a function of adapter, start, phase and caption.
 */
final class Trajectories {
    private final NoiseSchedule schedule;
    private final int steps;

    /**
     * @param steps evaluations of the network, at most the levels of the schedule
     */
    Trajectories(NoiseSchedule schedule, int steps) {
        this.schedule = schedule;
        this.steps = steps;
    }

    /** Levels a phase may be: 0 to this, exclusive. */
    int stride() {
        return schedule.size() / steps;
    }

    int steps() {
        return steps;
    }

    /** Where a trajectory of this phase evaluates the network, and how it goes on from there. */
    SamplingPlan plan(int phase) {
        double[] timesteps = new double[steps];
        for (int i = 0; i < steps; i++) {
            // flow levels are numbered from noise to image, diffusion levels from image to noise
            int stride = schedule instanceof FlowSchedule ? i : steps - 1 - i;
            timesteps[i] = schedule.level(stride * stride() + phase).timestep();
        }
        if (schedule instanceof FlowSchedule flow) {
            return new FlowMatchEulerScheduler(flow).through(timesteps);
        }
        return DpmSolverScheduler.over((DiffusionSchedule) schedule).through(timesteps);
    }

    /**
     * Points of trajectories, one for each sample asked for.
     *
     * @param noisy x_t, (B, C, H, W)
     * @param output what the network said there, (B, C, H, W)
     * @param levels noise level of each
     */
    record Points(Tensor noisy, Tensor output, List<NoiseLevel> levels) {}

    /**
     * A point to take.
     *
     * @param trajectory which trajectory, from 0
     * @param evaluation at which evaluation of it, from 0
     */
    record Wanted(int trajectory, int evaluation) {}

    /**
     * Takes points of trajectories.
     *
     * @param start noise, (G, C, H, W)
     * @param phases of the G trajectories
     * @param wanted the points, in order; no evaluation beyond the last of them is made
     * @return in the caller's scope
     */
    Points points(
            Denoiser denoiser,
            Adapter adapter,
            Conditioning conditioning,
            Tensor start,
            List<Integer> phases,
            List<Wanted> wanted) {
        List<SamplingPlan> plans = phases.stream().map(this::plan).toList();
        int last = wanted.stream().mapToInt(Wanted::evaluation).max().orElseThrow();
        try (TensorScope scope = TensorScope.open()) {
            Tensor[] noisy = new Tensor[wanted.size()];
            Tensor[] outputs = new Tensor[wanted.size()];
            walk(denoiser, adapter, conditioning, start, plans, last + 1, (i, sample, output) -> {
                for (int j = 0; j < noisy.length; j++) {
                    if (wanted.get(j).evaluation() == i) {
                        int g = wanted.get(j).trajectory();
                        noisy[j] = sample.slice(0, g, g + 1L);
                        outputs[j] = output.slice(0, g, g + 1L);
                    }
                }
            });
            List<NoiseLevel> levels = wanted.stream()
                    .map(point -> plans.get(point.trajectory())
                            .steps()
                            .get(point.evaluation())
                            .level())
                    .toList();
            return new Points(
                    scope.keep(Ops.concatenate(List.of(noisy), 0)),
                    scope.keep(Ops.concatenate(List.of(outputs), 0)),
                    levels);
        }
    }

    /** Whole samples, (G, C, H, W), in the caller's scope. */
    Tensor samples(Denoiser denoiser, Adapter adapter, Conditioning conditioning, Tensor start, List<Integer> phases) {
        List<SamplingPlan> plans = phases.stream().map(this::plan).toList();
        return TensorScope.of(
                () -> walk(denoiser, adapter, conditioning, start, plans, steps, (i, sample, output) -> {}));
    }

    private interface Listener {
        void evaluated(int i, Tensor sample, Tensor output);
    }

    /** Walks all plans side by side; everything it makes lives in the caller's scope. */
    private Tensor walk(
            Denoiser denoiser,
            Adapter adapter,
            Conditioning conditioning,
            Tensor start,
            List<SamplingPlan> plans,
            int evaluations,
            Listener listener) {
        denoiser.use(adapter);
        return Autograd.withoutGrad(() -> {
            List<Tensor> samples = new ArrayList<>(List.of(start)); // newest first, as in SamplingStep
            List<Tensor> cleans = new ArrayList<>();
            List<Tensor> outputs = new ArrayList<>();
            for (int i = 0; i < evaluations; i++) {
                int at = i;
                List<SamplingStep> now =
                        plans.stream().map(plan -> plan.steps().get(at)).toList();
                double[] timesteps = now.stream()
                        .mapToDouble(step -> step.level().timestep())
                        .toArray();
                Tensor x = samples.get(0);
                Tensor output = TensorScope.of(
                        () -> denoiser.predict(x, Tensor.of(timesteps).to(x.device()), conditioning));
                listener.evaluated(i, x, output);
                cleans.add(0, TensorScope.of(() -> scaled(x, now, s -> s.clean().ofSample())
                        .add(scaled(output, now, s -> s.clean().ofOutput()))));
                outputs.add(0, output);
                samples.add(0, TensorScope.of(() -> {
                    List<Tensor> terms = new ArrayList<>();
                    addTerms(terms, samples, now, SamplingStep::samples);
                    addTerms(terms, cleans, now, SamplingStep::cleans);
                    addTerms(terms, outputs, now, SamplingStep::outputs);
                    return terms.stream().reduce(Tensor::add).orElseThrow();
                }));
            }
            return samples.get(0);
        });
    }

    /** Adds factors[0] newest, factors[1] the one before, ...; plans side by side have as many factors each. */
    private static void addTerms(
            List<Tensor> terms,
            List<Tensor> newestFirst,
            List<SamplingStep> steps,
            Function<SamplingStep, List<Double>> factors) {
        for (int j = 0; j < factors.apply(steps.get(0)).size(); j++) {
            int back = j;
            terms.add(scaled(
                    newestFirst.get(j), steps, step -> factors.apply(step).get(back)));
        }
    }

    private static Tensor scaled(Tensor tensor, List<SamplingStep> steps, Function<SamplingStep, Double> factor) {
        float[] factors = new float[steps.size()];
        for (int g = 0; g < factors.length; g++) {
            factors[g] = factor.apply(steps.get(g)).floatValue();
        }
        return Ops.scalePerSample(tensor, factors);
    }
}
