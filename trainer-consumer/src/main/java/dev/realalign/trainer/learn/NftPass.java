package dev.realalign.trainer.learn;

import dev.realalign.diffusion.denoiser.Denoiser;
import dev.realalign.diffusion.lora.Adapter;
import dev.realalign.diffusion.tensor.Autograd;
import dev.realalign.diffusion.tensor.Ops;
import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.diffusion.tensor.TensorScope;
import dev.realalign.trainer.objective.Nft;
import dev.realalign.trainer.objective.PairErrors;
import dev.realalign.trainer.objective.PairGradient;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One pass of DiffusionNFT over a batch: policy, old policy and reference predict the very same noised images, and the
 * gradient by the policy's prediction is a mix of the three errors.
 */
final class NftPass {
    private NftPass() {}

    /**
     * Adds a batch's part of the gradient of the batch loss, the mean over all images, to what the policy's matrices have
     * gathered.
     *
     * @param old the old policy
     * @param reference what the policy is held to; null for the plain network
     * @param part the batch, or some of its pairs
     * @param microPairs pairs in the network at once
     * @param pairs pairs of the whole batch
     */
    static PreferencePass backward(
            Denoiser denoiser,
            Adapter policy,
            Adapter old,
            @Nullable Adapter reference,
            NoisedPairs part,
            Nft nft,
            int microPairs,
            int pairs) {
        List<PairErrors> errors = new ArrayList<>();
        List<PairGradient> gradients = new ArrayList<>();
        for (int from = 0; from < part.pairs(); from += microPairs) {
            NoisedPairs some = part.of(from, Math.min(part.pairs(), from + microPairs));
            try (TensorScope scope = TensorScope.open()) {
                Supplier<Tensor> begun = denoiser.begin(
                        reference == null ? List.of(policy, old) : List.of(policy, old, reference),
                        some.noisy(),
                        some.timesteps(),
                        some.conditioning());
                Tensor base = PreferencePass.predict(denoiser, reference, begun);
                Tensor before = PreferencePass.predict(denoiser, old, begun);
                denoiser.use(policy);
                Tensor prediction = Autograd.withGrad(begun);
                errors.addAll(PreferencePass.errors(some, some, prediction, base));
                gradients.addAll(backward(some, prediction, before, base, nft, pairs));
            }
        }
        return new PreferencePass(errors, gradients);
    }

    private static List<PairGradient> backward(
            NoisedPairs some, Tensor prediction, Tensor before, Tensor base, Nft nft, int pairs) {
        int images = some.levels().size();
        float[] ofError = new float[images];
        float[] ofOld = new float[images];
        for (int i = 0; i < images; i++) {
            double[] mix = nft.mix(i < some.pairs());
            ofError[i] = (float) mix[0];
            ofOld[i] = (float) mix[1];
        }
        Tensor error = prediction.sub(some.target());
        Tensor oldError = before.sub(some.target());
        Tensor drift = prediction.sub(base);
        Tensor mixed = Ops.scalePerSample(error, ofError).add(Ops.scalePerSample(oldError, ofOld));
        double[] squared = Ops.sumSquaresPerSample(mixed).toDoubles();
        double[] absolute = mixed.abs().sum(false, 1, 2, 3).toDoubles();
        double[] drifted = Ops.sumSquaresPerSample(drift).toDoubles();
        long elements = prediction.count() / images;
        float[] errorFactor = new float[images];
        float[] oldFactor = new float[images];
        float[] baseFactor = new float[images];
        double[] losses = new double[images];
        for (int i = 0; i < images; i++) {
            Nft.ImageGradient gradient = nft.evaluate(
                    i < some.pairs(),
                    new Nft.ImageErrors(elements, some.levels().get(i).noise(), squared[i], absolute[i], drifted[i]));
            losses[i] = gradient.loss();
            errorFactor[i] = (float) (gradient.error() / (2 * pairs));
            oldFactor[i] = (float) (gradient.old() / (2 * pairs));
            baseFactor[i] = (float) (gradient.base() / (2 * pairs));
        }
        Autograd.backward(
                prediction,
                Ops.scalePerSample(error, errorFactor)
                        .add(Ops.scalePerSample(oldError, oldFactor))
                        .add(Ops.scalePerSample(drift, baseFactor)));
        List<PairGradient> gradients = new ArrayList<>();
        for (int i = 0; i < some.pairs(); i++) {
            int rejected = some.pairs() + i;
            gradients.add(new PairGradient(
                    (losses[i] + losses[rejected]) / 2,
                    errorFactor[i],
                    errorFactor[rejected],
                    baseFactor[i],
                    baseFactor[rejected],
                    1,
                    1));
        }
        return gradients;
    }
}
