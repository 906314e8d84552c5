package dev.realalign.trainer.learn;

import static org.assertj.core.api.Assertions.assertThat;

import dev.realalign.diffusion.denoiser.Conditioning;
import dev.realalign.diffusion.lora.LoraAdapter;
import dev.realalign.diffusion.lora.LoraConfig;
import dev.realalign.diffusion.model.DiffusionModel;
import dev.realalign.diffusion.schedule.FlowSchedule;
import dev.realalign.diffusion.schedule.NoiseLevel;
import dev.realalign.diffusion.schedule.NoiseSchedule;
import dev.realalign.diffusion.schedule.PredictionType;
import dev.realalign.diffusion.tensor.Autograd;
import dev.realalign.diffusion.tensor.Ops;
import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.diffusion.tensor.TensorScope;
import dev.realalign.trainer.stage.ObjectiveChoice;
import dev.realalign.trainer.stage.ObjectiveChoice.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.assertj.core.data.Offset;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The gradients that objectives give against those that libtorch derives from the same loss written in tensors. */
class PreferencePassTest {
    private static final double BETA = 20;
    private static final int SIDE = 32;

    private static DiffusionModel model;
    private static LoraAdapter policy;
    private static LoraAdapter old;
    private static LoraAdapter reference;

    @BeforeAll
    static void load() {
        model = TinyPhoto.load();
        policy = adapter(1);
        old = adapter(2);
        reference = adapter(3);
    }

    @AfterAll
    static void close() {
        if (model != null) {
            policy.close();
            old.close();
            reference.close();
            model.close();
        }
    }

    private static LoraAdapter adapter(long seed) {
        LoraAdapter adapter = LoraAdapter.create(model.denoiser(), new LoraConfig(2, 2), 7);
        try (TensorScope scope = TensorScope.open()) {
            List<Tensor> up = adapter.zeroAtStart();
            for (int i = 0; i < up.size(); i++) {
                Tensor values = Tensor.randn(seed * 1000 + i, up.get(i).shape()).mul(0.1);
                Tensor into = up.get(i);
                Autograd.withoutGrad(() -> into.assignInPlace(values));
            }
        }
        return adapter;
    }

    /** Pairs noised for a network of any kind; the halves share nothing, so that nothing cancels by chance. */
    private static NoisedPairs batch(PredictionType prediction, int pairs) {
        NoiseSchedule schedule = prediction == PredictionType.FLOW ? new FlowSchedule(1000, 3) : model.schedule();
        List<NoiseLevel> levels = new ArrayList<>(IntStream.range(0, pairs)
                .mapToObj(i -> schedule.level(150 + 700 * i / pairs))
                .toList());
        levels.addAll(List.copyOf(levels));
        List<String> captions = IntStream.range(0, 2 * pairs)
                .mapToObj(i -> "picture " + i % pairs)
                .toList();
        return NoisedPairs.of(
                Tensor.randn(11, 2L * pairs, 3, SIDE, SIDE).mul(0.5),
                Tensor.randn(12, 2L * pairs, 3, SIDE, SIDE),
                levels,
                prediction,
                Conditioning.concatenate(captions.stream()
                        .map(caption -> model.encodePrompts(List.of(caption)))
                        .toList()));
    }

    static Stream<Arguments> objectivesAndPredictions() {
        return Stream.of(Kind.values())
                .flatMap(kind -> Stream.of(PredictionType.EPSILON, PredictionType.V_PREDICTION, PredictionType.FLOW)
                        .filter(prediction -> kind != Kind.NFT || prediction == PredictionType.FLOW)
                        .map(prediction -> Arguments.of(kind, prediction)));
    }

    private Tensor predicted(LoraAdapter adapter, NoisedPairs batch) {
        model.denoiser().use(adapter);
        return Autograd.withoutGrad(
                () -> model.denoiser().predict(batch.noisy(), batch.timesteps(), batch.conditioning()));
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("objectivesAndPredictions")
    void the_gradient_is_the_automatic_one(Kind kind, PredictionType prediction) {
        ObjectiveChoice choice = new ObjectiveChoice(kind, BETA, 5, 0, OptionalDouble.empty(), 0, 0, 0.5, 0.7);
        try (TensorScope scope = TensorScope.open()) {
            NoisedPairs batch = batch(prediction, 2);
            PreferencePass pass = backward(choice, prediction, batch, batch.pairs());
            List<Tensor> leaves = List.copyOf(policy.parameters().values());
            float[] ours = gathered();
            Tensor base = predicted(reference, batch);
            Tensor before = predicted(old, batch);
            model.denoiser().use(policy);
            Tensor loss = Autograd.withGrad(() -> loss(
                    choice,
                    prediction,
                    batch,
                    model.denoiser().predict(batch.noisy(), batch.timesteps(), batch.conditioning()),
                    base,
                    before));
            assertThat(pass.loss()).isCloseTo(loss.item(), Percentage.withPercentage(0.01));
            List<Tensor> automatic =
                    Autograd.gradients(List.of(loss), List.of(Tensor.full(1, loss.type(), loss.shape())), leaves);
            // mapo multiplies a difference of numbers near one by 1000, and tensors hold seven digits
            assertThat(distance(ours, joined(automatic))).isLessThan(kind == Kind.MAPO ? 1e-3 : 1e-4);
        }
    }

    private static PreferencePass backward(
            ObjectiveChoice choice, PredictionType prediction, NoisedPairs batch, int microPairs) {
        Autograd.clear(policy.parameters().values());
        return choice.kind() == Kind.NFT
                ? NftPass.backward(
                        model.denoiser(), policy, old, reference, batch, choice.nft(), microPairs, batch.pairs())
                : PreferencePass.backward(
                        model.denoiser(),
                        policy,
                        reference,
                        batch,
                        choice.objective(prediction),
                        choice.safeguards(),
                        microPairs);
    }

    private static float[] gathered() {
        return joined(
                policy.parameters().values().stream().map(Autograd::gradient).toList());
    }

    private static float[] joined(List<Tensor> tensors) {
        return Ops.concatenate(tensors.stream().map(t -> t.reshape(t.count())).toList(), 0)
                .toFloats();
    }

    /** ||a - b|| / ||b||. */
    private static double distance(float[] a, float[] b) {
        double difference = 0;
        double norm = 0;
        for (int i = 0; i < b.length; i++) {
            difference += (a[i] - b[i]) * (double) (a[i] - b[i]);
            norm += b[i] * (double) b[i];
        }
        assertThat(norm).isPositive();
        return Math.sqrt(difference / norm);
    }

    /** The batch loss as tensors, written from the papers and not from the classes under test. */
    private static Tensor loss(
            ObjectiveChoice choice,
            PredictionType prediction,
            NoisedPairs batch,
            Tensor policyPrediction,
            Tensor base,
            Tensor before) {
        int b = batch.pairs();
        Tensor m = policyPrediction.sub(batch.target()).square().mean(false, 1, 2, 3);
        Tensor r = base.sub(batch.target()).square().mean(false, 1, 2, 3);
        Tensor mW = m.slice(0, 0, b);
        Tensor mL = m.slice(0, b, 2L * b);
        Tensor dW = mW.sub(r.slice(0, 0, b));
        Tensor dL = mL.sub(r.slice(0, b, 2L * b));
        Tensor margin = dL.sub(dW);
        return switch (choice.kind()) {
            case DPO, SPIN -> logSigmoid(margin.mul(BETA / 2)).neg().mean();
            case IPO -> margin.add(-1 / BETA).square().mean();
            case HINGE -> Ops.relu(margin.mul(-BETA / 2).add(1)).mean();
            case DRO -> Ops.relu(margin.neg().add(choice.margin())).mean();
            case SFT -> mW.mul(Tensor.of(weights(batch, prediction), b)).mean();
            case KTO -> {
                double kl = Math.max(0, m.sub(r).mean().neg().item());
                Tensor desired = Ops.sigmoid(dW.neg().add(-kl).mul(BETA));
                Tensor undesired = Ops.sigmoid(dL.neg().add(-kl).mul(-BETA));
                yield desired.add(undesired).mul(-0.5).add(1).mean();
            }
            case MAPO -> mW.sub(logSigmoid(f(mW.mul(0.5)).sub(f(mL.mul(0.5))).mul(1000))
                            .mul(0.1))
                    .mean();
            case NFT -> nft(choice.strength(), batch, policyPrediction, base, before);
        };
    }

    private static float[] weights(NoisedPairs batch, PredictionType prediction) {
        float[] weights = new float[batch.pairs()];
        for (int i = 0; i < weights.length; i++) {
            double snr = batch.levels().get(i).snr();
            weights[i] = (float)
                    (prediction == PredictionType.FLOW
                            ? 1
                            : Math.min(snr, 5) / (prediction == PredictionType.EPSILON ? snr : snr + 1));
        }
        return weights;
    }

    private static Tensor nft(double strength, NoisedPairs batch, Tensor v, Tensor base, Tensor before) {
        int b = batch.pairs();
        float[] sigmas = new float[2 * b];
        for (int i = 0; i < sigmas.length; i++) {
            sigmas[i] = (float) batch.levels().get(i).noise();
        }
        // x0 of a straight path: x_t - t (eps - x0)
        Tensor x0 = batch.noisy().sub(Ops.scalePerSample(batch.target(), sigmas));
        Tensor plus = v.mul(strength).add(before.mul(1 - strength));
        Tensor minus = before.mul(1 + strength).sub(v.mul(strength));
        Tensor ofReal = weighted(batch.noisy(), plus, sigmas, x0).slice(0, 0, b);
        Tensor ofGenerated = weighted(batch.noisy(), minus, sigmas, x0).slice(0, b, 2L * b);
        Tensor anchor = v.sub(base).square().mean(false, 1, 2, 3).mean();
        return Ops.concatenate(List.of(ofReal, ofGenerated), 0)
                .mean()
                .mul(5 / strength)
                .add(anchor.mul(1e-4));
    }

    private static Tensor weighted(Tensor noisy, Tensor velocity, float[] sigmas, Tensor x0) {
        Tensor error = noisy.sub(Ops.scalePerSample(velocity, sigmas)).sub(x0);
        Tensor absolute = error.detach().abs().mean(false, 1, 2, 3).clamp(1e-5, 1e9);
        return error.square().mean(false, 1, 2, 3).div(absolute);
    }

    private static Tensor logSigmoid(Tensor x) {
        return Ops.sigmoid(x).log();
    }

    private static Tensor f(Tensor x) {
        return x.div(x.exp().add(-1));
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void four_micro_batches_of_two_give_the_gradient_of_one_batch_of_eight(Kind kind) {
        PredictionType prediction = kind == Kind.NFT ? PredictionType.FLOW : PredictionType.EPSILON;
        ObjectiveChoice choice = new ObjectiveChoice(
                kind, BETA, 5, 0, OptionalDouble.of(0.5), kind.hasBeta() ? 0.5 : 0, kind.hasBeta() ? 0.5 : 0, 0.5, 1);
        try (TensorScope scope = TensorScope.open()) {
            NoisedPairs batch = batch(prediction, 8);
            PreferencePass whole = backward(choice, prediction, batch, 8);
            float[] ofWhole = gathered();
            PreferencePass parts = backward(choice, prediction, batch, 2);
            assertThat(distance(gathered(), ofWhole)).isLessThan(1e-5);
            assertThat(parts.loss()).isCloseTo(whole.loss(), Offset.offset(1e-6));
            assertThat(parts.errors()).hasSize(8);
        }
    }

    @Test
    void a_batch_that_does_not_divide_evenly_loses_no_pair() {
        ObjectiveChoice choice = ObjectiveChoice.of(Kind.DPO, BETA);
        try (TensorScope scope = TensorScope.open()) {
            NoisedPairs batch = batch(PredictionType.EPSILON, 3);
            backward(choice, PredictionType.EPSILON, batch, 3);
            float[] ofWhole = gathered();
            backward(choice, PredictionType.EPSILON, batch, 2);
            assertThat(distance(gathered(), ofWhole)).isLessThan(1e-5);
        }
    }

    @Test
    void where_the_policy_is_the_old_one_nft_does_not_depend_on_which_image_is_real() {
        ObjectiveChoice choice = new ObjectiveChoice(Kind.NFT, BETA, 5, 0, OptionalDouble.empty(), 0, 0, 0.5, 0.3);
        try (TensorScope scope = TensorScope.open()) {
            NoisedPairs batch = batch(PredictionType.FLOW, 2);
            NoisedPairs swapped = swapped(batch);
            Autograd.clear(policy.parameters().values());
            double loss = NftPass.backward(model.denoiser(), policy, policy, reference, batch, choice.nft(), 2, 2)
                    .loss();
            assertThat(NftPass.backward(model.denoiser(), policy, policy, reference, swapped, choice.nft(), 2, 2)
                            .loss())
                    .isCloseTo(loss, Offset.offset(1e-6));
        }
    }

    private static NoisedPairs swapped(NoisedPairs batch) {
        int b = batch.pairs();
        long[] order =
                IntStream.range(0, 2 * b).mapToLong(i -> (i + b) % (2L * b)).toArray();
        Tensor index = Tensor.of(order);
        return new NoisedPairs(
                batch.noisy().indexSelect(0, index),
                batch.timesteps().indexSelect(0, index),
                batch.target().indexSelect(0, index),
                batch.conditioning().rows(order),
                batch.levels());
    }
}
