package dev.realalign.diffusion.pipeline;

import dev.realalign.diffusion.schedule.NoiseLevel;
import dev.realalign.diffusion.schedule.SamplingPlan;
import dev.realalign.diffusion.schedule.SamplingStep;
import dev.realalign.diffusion.tensor.Autograd;
import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.diffusion.tensor.TensorScope;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Walks a {@link SamplingPlan} on tensors: the one place where its coefficients are applied. Nothing is recorded for
 * gradients.
 *
 * <p>Samples are (B, C, H, W) in F32, in the scale the network sees.
 */
public final class Sampler {

    /** The network, with whatever guidance is wanted. */
    public interface Prediction {
        /** The output for a sample at a noise level, of the sample's shape, in the caller's scope. */
        Tensor at(Tensor sample, NoiseLevel level);
    }

    /** Fresh noise for samplers that add some. */
    public interface Noise {
        /** Standard normal, of the samples' shape, for evaluation {@code i}. */
        Tensor at(int i);
    }

    /** What happens around each step. */
    public interface Listener {
        /**
         * Called after each evaluation, before its update: a point of the trajectory. The tensors are freed afterwards
         * unless they are copied.
         *
         * @param i number of the evaluation, from 0
         * @param sample what the network saw
         * @param output what it answered
         */
        default void evaluated(int i, NoiseLevel level, Tensor sample, Tensor output) {}

        /**
         * Called with each new sample; what it returns takes its place.
         *
         * @param i number of the evaluation that led to it
         * @param level its noise level; clean after the last
         */
        default Tensor updated(int i, NoiseLevel level, Tensor sample) {
            return sample;
        }
    }

    private final SamplingPlan plan;
    private final Prediction prediction;
    private final Noise noise;

    /** @param noise asked only by plans that add noise */
    public Sampler(SamplingPlan plan, Prediction prediction, Noise noise) {
        this.plan = plan;
        this.prediction = prediction;
        this.noise = noise;
    }

    /**
     * Samples.
     *
     * @param start the sample at the plan's first level; stays the caller's
     * @return the sample after the last step, in the caller's scope
     */
    public Tensor run(Tensor start, Listener listener) {
        return Autograd.withoutGrad(() -> walk(start, listener));
    }

    private Tensor walk(Tensor start, Listener listener) {
        try (History samples = new History(plan, SamplingStep::samples);
                History cleans = new History(plan, SamplingStep::cleans);
                History outputs = new History(plan, SamplingStep::outputs)) {
            samples.push(start.copy());
            for (int i = 0; i < plan.size(); i++) {
                SamplingStep step = plan.steps().get(i);
                try (TensorScope scope = TensorScope.open()) {
                    Tensor x = samples.newest();
                    Tensor output = prediction.at(x, step.level());
                    listener.evaluated(i, step.level(), x, output);
                    if (cleans.isUsed()) {
                        cleans.push(clean(step, x, output));
                    }
                    outputs.push(output);
                    Tensor sum =
                            outputs.add(cleans.add(samples.add(null, step.samples()), step.cleans()), step.outputs());
                    if (sum == null) {
                        throw new IllegalStateException("step " + i + " of the sampling plan has no coefficients");
                    }
                    Tensor next = step.noise() == 0 ? sum : sum.addScaled(noise.at(i), step.noise());
                    Tensor placed = listener.updated(i, plan.levelAfter(i), next);
                    samples.push(placed == next ? next : placed.copy());
                }
            }
            return samples.newest().copy();
        }
    }

    private static Tensor clean(SamplingStep step, Tensor x, Tensor output) {
        Tensor clean =
                x.mul(step.clean().ofSample()).addScaled(output, step.clean().ofOutput());
        return Double.isInfinite(step.clip()) ? clean : clean.clamp(-step.clip(), step.clip());
    }

    /** The newest tensors of a kind, as many as the plan ever looks back at; they live outside every scope. */
    private static final class History implements AutoCloseable {
        private final int depth;
        private final Deque<Tensor> newestFirst = new ArrayDeque<>();

        History(SamplingPlan plan, Function<SamplingStep, List<Double>> factors) {
            this.depth = plan.steps().stream()
                    .mapToInt(step -> factors.apply(step).size())
                    .max()
                    .orElse(0);
        }

        boolean isUsed() {
            return depth > 0;
        }

        void push(Tensor tensor) {
            newestFirst.addFirst(tensor.unscoped());
            if (newestFirst.size() > Math.max(1, depth)) {
                newestFirst.removeLast().close();
            }
        }

        Tensor newest() {
            return newestFirst.getFirst();
        }

        /** {@code sum + factors[0] newest + factors[1] the one before + ...}; no sum yet and no factor make none. */
        @Nullable
        Tensor add(@Nullable Tensor sum, List<Double> factors) {
            Tensor result = sum;
            Iterator<Tensor> tensors = newestFirst.iterator();
            for (double factor : factors) {
                Tensor tensor = tensors.next();
                if (factor != 0) {
                    result = result == null ? tensor.mul(factor) : result.addScaled(tensor, factor);
                }
            }
            return result;
        }

        @Override
        public void close() {
            newestFirst.forEach(Tensor::close);
        }
    }
}
