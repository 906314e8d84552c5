package dev.realalign.trainer.learn;

import dev.realalign.diffusion.denoiser.Denoiser;
import dev.realalign.diffusion.lora.Adapter;
import dev.realalign.diffusion.tensor.Autograd;
import dev.realalign.diffusion.tensor.Ops;
import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.diffusion.tensor.TensorScope;
import dev.realalign.trainer.objective.Objective;
import dev.realalign.trainer.objective.PairErrors;
import dev.realalign.trainer.objective.PairGradient;
import dev.realalign.trainer.objective.Safeguards;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One pass of an objective over a batch: policy and reference predict the very same noised samples, the errors become
 * numbers, the objective turns them into one factor per sample, and those times the errors are the gradient that is
 * propagated back.
 *
 * @param errors what each pair measured
 * @param gradients what the objective made of it
 */
public record PreferencePass(List<PairErrors> errors, List<PairGradient> gradients) {

    /** The batch loss: the mean over its pairs. */
    public double loss() {
        return gradients.stream().mapToDouble(PairGradient::loss).average().orElseThrow();
    }

    /**
     * Adds the gradient of the batch loss to what the policy's matrices have gathered.
     *
     * @param reference the frozen reference adapter; null where the plain network is the reference
     */
    public static PreferencePass backward(
            Denoiser denoiser,
            Adapter policy,
            @Nullable Adapter reference,
            NoisedPairs batch,
            Objective objective,
            Safeguards safeguards) {
        return backward(denoiser, policy, reference, batch, objective, safeguards, batch.pairs());
    }

    /**
     * As above, with no more than so many pairs in the network at once. The gradients are the same up to rounding: what an
     * objective takes from the whole batch is measured in a pass of its own beforehand.
     *
     * @param microPairs pairs of a micro-batch
     */
    public static PreferencePass backward(
            Denoiser denoiser,
            Adapter policy,
            @Nullable Adapter reference,
            NoisedPairs batch,
            Objective objective,
            Safeguards safeguards,
            int microPairs) {
        List<PairGradient> known = microPairs < batch.pairs() && !(objective instanceof Objective.Pairwise)
                ? safeguards.guard(objective, measured(denoiser, policy, reference, batch, microPairs))
                : List.of();
        return backward(denoiser, policy, reference, batch, objective, safeguards, microPairs, batch.pairs(), known);
    }

    /**
     * As above, for a part of a batch whose other pairs are elsewhere.
     *
     * @param pairs pairs of the whole batch, over which its loss is the mean
     * @param known what the objective makes of the part's pairs, where it takes that from the whole batch; empty where these
     *     pairs are the batch or the objective looks at each pair alone
     */
    static PreferencePass backward(
            Denoiser denoiser,
            Adapter policy,
            @Nullable Adapter reference,
            NoisedPairs part,
            Objective objective,
            Safeguards safeguards,
            int microPairs,
            int pairs,
            List<PairGradient> known) {
        List<PairErrors> errors = new ArrayList<>();
        List<PairGradient> gradients = new ArrayList<>(known);
        for (int from = 0; from < part.pairs(); from += microPairs) {
            int to = Math.min(part.pairs(), from + microPairs);
            try (TensorScope scope = TensorScope.open()) {
                Forward forward =
                        Forward.of(denoiser, policy, reference, part.of(from, to), objective, safeguards.anchor() > 0);
                errors.addAll(forward.errors());
                if (known.isEmpty()) {
                    gradients.addAll(
                            objective instanceof Objective.Pairwise pairwise
                                    ? safeguards.guard(pairwise, forward.errors(), pairs)
                                    : safeguards.guard(objective, forward.errors()));
                }
                forward.backward(gradients.subList(from, to));
            }
        }
        return new PreferencePass(errors, gradients);
    }

    /** The errors of a batch, nothing recorded, with no more than so many pairs in the network at once. */
    static List<PairErrors> measured(
            Denoiser denoiser, Adapter policy, @Nullable Adapter reference, NoisedPairs batch, int microPairs) {
        List<PairErrors> errors = new ArrayList<>();
        for (int from = 0; from < batch.pairs(); from += microPairs) {
            try (TensorScope scope = TensorScope.open()) {
                NoisedPairs micro = batch.of(from, Math.min(batch.pairs(), from + microPairs));
                Supplier<Tensor> begun = begin(denoiser, policy, reference, micro);
                Tensor referencePrediction = predict(denoiser, reference, begun);
                errors.addAll(errors(micro, micro, predict(denoiser, policy, begun), referencePrediction));
            }
        }
        return errors;
    }

    /** Passes over the parts of a batch, in order. */
    static PreferencePass joined(List<PreferencePass> parts) {
        return new PreferencePass(
                parts.stream().flatMap(part -> part.errors.stream()).toList(),
                parts.stream().flatMap(part -> part.gradients.stream()).toList());
    }

    /** Predictions of a micro-batch, the policy's recorded. */
    private record Forward(NoisedPairs used, Tensor prediction, @Nullable Tensor reference, List<PairErrors> errors) {

        static Forward of(
                Denoiser denoiser,
                Adapter policy,
                @Nullable Adapter reference,
                NoisedPairs batch,
                Objective objective,
                boolean anchored) {
            NoisedPairs used = objective.usesRejected() ? batch : batch.preferred();
            Supplier<Tensor> begun = begin(denoiser, policy, reference, used);
            Tensor referencePrediction =
                    objective.usesReference() || anchored ? predict(denoiser, reference, begun) : null;
            denoiser.use(policy);
            Tensor prediction = Autograd.withGrad(begun);
            return new Forward(
                    used,
                    prediction,
                    referencePrediction,
                    PreferencePass.errors(batch, used, prediction, referencePrediction));
        }

        void backward(List<PairGradient> gradients) {
            Tensor gradient = Ops.scalePerSample(
                    prediction.sub(used.target()),
                    factors(gradients, used, PairGradient::preferredError, PairGradient::rejectedError));
            if (reference != null && gradients.stream().anyMatch(pair -> pair.preferredDrift() != 0)) {
                gradient = gradient.add(Ops.scalePerSample(
                        prediction.sub(reference),
                        factors(gradients, used, PairGradient::preferredDrift, PairGradient::rejectedDrift)));
            }
            Autograd.backward(prediction, gradient);
        }
    }

    /**
     * The errors of a batch, without gradients. What compares predictions with each other stays NaN.
     *
     * @param reference the reference's {@link #squaredErrors} on the same batch
     */
    public static List<PairErrors> measure(Denoiser denoiser, Adapter policy, NoisedPairs batch, double[] reference) {
        double[] sums = squaredErrors(denoiser, policy, batch);
        int pairs = batch.pairs();
        long elements = batch.target().count() / batch.target().size(0);
        List<PairErrors> errors = new ArrayList<>(pairs);
        for (int i = 0; i < pairs; i++) {
            errors.add(new PairErrors(
                    elements,
                    sums[i],
                    sums[pairs + i],
                    reference[i],
                    reference[pairs + i],
                    Double.NaN,
                    Double.NaN,
                    Double.NaN,
                    batch.levels().get(i).snr()));
        }
        return errors;
    }

    /** Sum of squared errors of each of a batch's samples, preferred ones first. */
    public static double[] squaredErrors(Denoiser denoiser, @Nullable Adapter adapter, NoisedPairs batch) {
        try (TensorScope scope = TensorScope.open()) {
            denoiser.use(adapter);
            return Ops.sumSquaresPerSample(denoiser.predict(batch.noisy(), batch.timesteps(), batch.conditioning())
                            .sub(batch.target()))
                    .toDoubles();
        }
    }

    /** Begins predictions of a batch under adapters, of which null is the plain network. */
    static Supplier<Tensor> begin(Denoiser denoiser, Adapter policy, @Nullable Adapter reference, NoisedPairs batch) {
        List<Adapter> adapters = reference == null ? List.of(policy) : List.of(policy, reference);
        return denoiser.begin(adapters, batch.noisy(), batch.timesteps(), batch.conditioning());
    }

    static Tensor predict(Denoiser denoiser, @Nullable Adapter adapter, Supplier<Tensor> begun) {
        denoiser.use(adapter);
        return Autograd.withoutGrad(begun);
    }

    static List<PairErrors> errors(
            NoisedPairs batch, NoisedPairs used, Tensor prediction, @Nullable Tensor referencePrediction) {
        int pairs = batch.pairs();
        boolean rejected = used.levels().size() == 2 * pairs;
        Tensor error = prediction.sub(used.target());
        double[] policy = perSample(Ops.sumSquaresPerSample(error), pairs);
        double[] inner = rejected
                ? Ops.sumProductsPerSample(error.slice(0, 0, pairs), error.slice(0, pairs, 2L * pairs))
                        .toDoubles()
                : unknown(pairs);
        double[] reference = referencePrediction == null
                ? unknown(2 * pairs)
                : perSample(Ops.sumSquaresPerSample(referencePrediction.sub(used.target())), pairs);
        double[] drift = referencePrediction == null
                ? unknown(2 * pairs)
                : perSample(Ops.sumSquaresPerSample(prediction.sub(referencePrediction)), pairs);
        long elements = prediction.count() / prediction.size(0);
        List<PairErrors> errors = new ArrayList<>(pairs);
        for (int i = 0; i < pairs; i++) {
            errors.add(new PairErrors(
                    elements,
                    policy[i],
                    policy[pairs + i],
                    reference[i],
                    reference[pairs + i],
                    inner[i],
                    drift[i],
                    drift[pairs + i],
                    batch.levels().get(i).snr()));
        }
        return errors;
    }

    /** The sums of 2B samples; NaN for rejected halves that were not predicted. */
    private static double[] perSample(Tensor sums, int pairs) {
        double[] all = unknown(2 * pairs);
        double[] known = sums.toDoubles();
        System.arraycopy(known, 0, all, 0, known.length);
        return all;
    }

    private static double[] unknown(int length) {
        double[] values = new double[length];
        Arrays.fill(values, Double.NaN);
        return values;
    }

    private interface Factor {
        double of(PairGradient gradient);
    }

    private static float[] factors(List<PairGradient> gradients, NoisedPairs used, Factor preferred, Factor rejected) {
        float[] factors = new float[used.levels().size()];
        for (int i = 0; i < factors.length; i++) {
            boolean isPreferred = i < gradients.size();
            PairGradient gradient = gradients.get(i % gradients.size());
            factors[i] = (float) (isPreferred ? preferred : rejected).of(gradient);
        }
        return factors;
    }
}
