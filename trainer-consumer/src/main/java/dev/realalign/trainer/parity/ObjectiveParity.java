package dev.realalign.trainer.parity;

import dev.realalign.diffusion.denoiser.Conditioning;
import dev.realalign.diffusion.denoiser.Denoiser;
import dev.realalign.diffusion.lora.LoraAdapter;
import dev.realalign.diffusion.lora.LoraFiles;
import dev.realalign.diffusion.optim.AdamW;
import dev.realalign.diffusion.parity.Golden;
import dev.realalign.diffusion.parity.ParityCheck;
import dev.realalign.diffusion.parity.ParityResult;
import dev.realalign.diffusion.schedule.NoiseLevel;
import dev.realalign.diffusion.schedule.NoiseSchedule;
import dev.realalign.diffusion.schedule.Scheduler;
import dev.realalign.diffusion.tensor.Autograd;
import dev.realalign.diffusion.tensor.Ops;
import dev.realalign.diffusion.tensor.SafeTensors;
import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.diffusion.tensor.TensorScope;
import dev.realalign.trainer.learn.NoisedPairs;
import dev.realalign.trainer.learn.PreferencePass;
import dev.realalign.trainer.objective.Dpo;
import dev.realalign.trainer.objective.Objective;
import dev.realalign.trainer.objective.PairErrors;
import dev.realalign.trainer.objective.Safeguards;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;

/**
 * Steps of an objective on a LoRA adapter: per step win, lose, noise, timesteps and cond to loss, gradient norm and
 * per-sample errors; the gradients of the first step; the weights after the last. The reference is the same network with
 * the adapter at its start values. A file with policy_xt and policy_eps holds a trajectory's point and the lagged policy's
 * prediction there, which take the rejected half's place.
 *
 * @param name the reference file
 * @param model the model folder
 * @param objective what is minimised
 */
record ObjectiveParity(String name, String model, Network network, Objective objective) implements ParityCheck {

    /**
     * The network of a model folder.
     *
     * @param component its folder within the model's
     * @param load loads it
     */
    record Network(String component, Function<Path, Denoiser> load) {}

    private static final AdamW.Config OPTIMIZER = new AdamW.Config(0.9, 0.999, 1e-3, 1e-2);
    private static final double LEARNING_RATE = 1e-3;
    private static final double CLIP = 1.0;

    /** The largest relative error of losses, gradient norms and per-sample errors. */
    private static final double NUMBER = 1e-3;
    /** The largest absolute error of a number near zero. */
    private static final double NEAR_ZERO = 1e-6;
    /** The largest absolute error of a preference logit u; or {@link #NUMBER} relative. */
    private static final double LOGIT = 1e-4;
    /** The largest relative error of the first gradients, all tensors joined. */
    private static final double GRADIENT = 1e-4;
    /** The largest relative error of the change of the weights, all tensors joined. */
    private static final double UPDATE = 1e-3;

    @Override
    public boolean isPresent(Golden golden) {
        return golden.has(name, model + "/" + network.component())
                && golden.has(name + "_lora_init")
                && golden.has(name + "_lora_grad_step0")
                && golden.has(name + "_lora_final");
    }

    @Override
    public List<ParityResult> run(Golden golden) {
        NoiseSchedule schedule = Scheduler.read(
                        golden.model(model).resolve("scheduler").resolve("scheduler_config.json"))
                .schedule();
        try (TensorScope scope = TensorScope.open();
                SafeTensors reference = SafeTensors.open(golden.tensors(name));
                Denoiser denoiser = network.load().apply(golden.model(model).resolve(network.component()));
                LoraAdapter policy = LoraFiles.load(golden.tensors(name + "_lora_init"), denoiser);
                LoraAdapter start = policy.copy();
                AdamW optimizer = new AdamW(policy.parameters(), OPTIMIZER)) {
            Comparison comparison = new Comparison(reference);
            double gradients = ParityResult.INCOMPARABLE;
            for (int step = 0; reference.entries().containsKey("loss_" + step); step++) {
                PreferencePass pass = PreferencePass.backward(
                        denoiser, policy, start, batch(reference, step, schedule), objective, Safeguards.NONE);
                if (step == 0) {
                    gradients = gradientError(policy, golden);
                }
                comparison.take(step, pass, objective, optimizer.clip(CLIP));
                optimizer.step(LEARNING_RATE);
                optimizer.clear();
            }
            List<ParityResult> results = new ArrayList<>(comparison.results(name));
            results.add(new ParityResult(name + ".gradients_step0", gradients, GRADIENT));
            results.add(new ParityResult(name + ".update", updateError(policy, golden), UPDATE));
            return results;
        }
    }

    private static NoisedPairs batch(SafeTensors file, int step, NoiseSchedule schedule) {
        Tensor noise = file.load("noise_" + step);
        boolean flow = file.entries().containsKey("index_" + step);
        List<NoiseLevel> levels = new ArrayList<>();
        for (long index : file.load((flow ? "index_" : "timesteps_") + step).toLongs()) {
            levels.add(schedule.level((int) index));
        }
        levels.addAll(List.copyOf(levels));
        NoisedPairs batch = NoisedPairs.of(
                twice(file.load("win_" + step), file.load("lose_" + step)),
                twice(noise, noise),
                levels,
                schedule.prediction(),
                conditioning(file, step));
        if (!file.entries().containsKey("policy_xt_" + step)) {
            return batch;
        }
        int pairs = batch.pairs();
        return new NoisedPairs(
                twice(batch.noisy().slice(0, 0, pairs), file.load("policy_xt_" + step)),
                batch.timesteps(),
                twice(batch.target().slice(0, 0, pairs), file.load("policy_eps_" + step)),
                batch.conditioning(),
                levels);
    }

    private static Conditioning conditioning(SafeTensors file, int step) {
        Tensor prompt = file.load("cond_" + step);
        if (!file.entries().containsKey("pooled_" + step)) {
            return Conditioning.of(twice(prompt, prompt));
        }
        Tensor pooled = file.load("pooled_" + step);
        return Conditioning.of(twice(prompt, prompt), twice(pooled, pooled));
    }

    /** Preferred halves, then rejected ones. */
    private static Tensor twice(Tensor preferred, Tensor rejected) {
        return Ops.concatenate(List.of(preferred, rejected), 0);
    }

    /** The largest error of each kind of number over the steps; kinds the file does not hold are left out. */
    private static final class Comparison {
        private final SafeTensors reference;
        private final SortedMap<String, Double> worst = new TreeMap<>();

        Comparison(SafeTensors reference) {
            this.reference = reference;
        }

        void take(int step, PreferencePass pass, Objective objective, double gradientNorm) {
            compare("loss", step, new double[] {pass.loss()}, NEAR_ZERO);
            compare("grad_norm", step, new double[] {gradientNorm}, NEAR_ZERO);
            compare("model_win", step, pass, PairErrors::mW);
            compare("model_lose", step, pass, PairErrors::mL);
            compare("ref_win", step, pass, PairErrors::rW);
            compare("ref_lose", step, pass, PairErrors::rL);
            if (objective instanceof Dpo dpo) {
                double[] logits = pass.errors().stream()
                        .mapToDouble(e -> 0.5 * dpo.beta() * e.margin())
                        .toArray();
                compare("u", step, logits, LOGIT);
            }
            compare("diff", step, pass, e -> -e.margin());
        }

        private void compare(String kind, int step, PreferencePass pass, ToDoubleFunction<PairErrors> number) {
            compare(kind, step, pass.errors().stream().mapToDouble(number).toArray(), NEAR_ZERO);
        }

        /** |out - reference| / max(|reference|, absolute / relative tolerance): within {@link #NUMBER} where either holds. */
        private void compare(String kind, int step, double[] out, double absolute) {
            String key = kind + "_" + step;
            if (!reference.entries().containsKey(key)) {
                return;
            }
            double[] expected = reference.load(key).toDoubles();
            double error = out.length == expected.length ? 0 : ParityResult.INCOMPARABLE;
            for (int i = 0; i < Math.min(out.length, expected.length); i++) {
                double difference = Math.abs(out[i] - expected[i]) / Math.max(Math.abs(expected[i]), absolute / NUMBER);
                error = Math.max(error, Double.isFinite(difference) ? difference : ParityResult.INCOMPARABLE);
            }
            worst.merge(kind, error, Math::max);
        }

        List<ParityResult> results(String name) {
            List<ParityResult> results = new ArrayList<>();
            worst.forEach((kind, error) -> results.add(new ParityResult(name + "." + kind, error, NUMBER)));
            return results;
        }
    }

    private double gradientError(LoraAdapter policy, Golden golden) {
        try (SafeTensors expected = SafeTensors.open(golden.tensors(name + "_lora_grad_step0"))) {
            Joined joined = new Joined();
            policy.parameters().forEach((weight, tensor) -> {
                try (Tensor gradient = Autograd.gradient(tensor);
                        Tensor wanted = expected.load(weight.replaceAll("\\.weight$", ".grad"))) {
                    joined.add(gradient.toFloats(), wanted.toFloats());
                }
            });
            return joined.relativeError();
        }
    }

    private double updateError(LoraAdapter policy, Golden golden) {
        try (SafeTensors initial = SafeTensors.open(golden.tensors(name + "_lora_init"));
                SafeTensors last = SafeTensors.open(golden.tensors(name + "_lora_final"))) {
            Joined joined = new Joined();
            policy.parameters().forEach((weight, tensor) -> {
                try (Tensor before = initial.load(weight);
                        Tensor after = last.load(weight);
                        Tensor moved = tensor.detach().sub(before);
                        Tensor wanted = after.sub(before)) {
                    joined.add(moved.toFloats(), wanted.toFloats());
                }
            });
            return joined.relativeError();
        }
    }

    /** ||out - reference|| / ||reference|| over several tensors as one. */
    private static final class Joined {
        private double difference;
        private double norm;
        private boolean comparable = true;

        void add(float[] out, float[] reference) {
            comparable &= out.length == reference.length;
            for (int i = 0; i < Math.min(out.length, reference.length); i++) {
                double d = (double) out[i] - reference[i];
                difference += d * d;
                norm += (double) reference[i] * reference[i];
            }
        }

        double relativeError() {
            double error = Math.sqrt(difference / norm);
            return comparable && Double.isFinite(error) ? error : ParityResult.INCOMPARABLE;
        }
    }
}
