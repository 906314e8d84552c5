package dev.realalign.diffusion.parity;

import dev.realalign.diffusion.denoiser.Conditioning;
import dev.realalign.diffusion.pipeline.Guidance;
import dev.realalign.diffusion.pipeline.Sampler;
import dev.realalign.diffusion.schedule.NoiseLevel;
import dev.realalign.diffusion.schedule.NoiseSchedule;
import dev.realalign.diffusion.schedule.SamplingPlan;
import dev.realalign.diffusion.schedule.Scheduler;
import dev.realalign.diffusion.sd3.Sd3Transformer;
import dev.realalign.diffusion.tensor.Device;
import dev.realalign.diffusion.tensor.ElementType;
import dev.realalign.diffusion.tensor.SafeTensors;
import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.diffusion.tensor.TensorScope;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.ToDoubleFunction;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/**
 * Flow matching: train_sigmas and train_timesteps, and a whole run from start through timesteps and sigmas to final,
 * guided away from zeros.
 *
 * @param name the reference file
 * @param model the model folder
 * @param scheduler name of the scheduler's configuration below schedulers
 * @param guidance the run's guidance scale, which the file does not say
 */
record FlowSamplingParity(String name, String model, String scheduler, double guidance) implements ParityCheck {
    @Override
    public boolean isPresent(Golden golden) {
        return golden.has(name, model + "/transformer") && Files.isRegularFile(configuration(golden));
    }

    private Path configuration(Golden golden) {
        return golden.file("schedulers/" + scheduler + ".json");
    }

    @Override
    public List<ParityResult> run(Golden golden) {
        try (TensorScope scope = TensorScope.open();
                SafeTensors reference = SafeTensors.open(golden.tensors(name));
                Sd3Transformer transformer = Sd3Transformer.load(
                        golden.model(model).resolve("transformer"), null, ElementType.F32, Device.CPU)) {
            Scheduler read = Scheduler.read(configuration(golden));
            SamplingPlan plan =
                    read.plan(Math.toIntExact(reference.load("timesteps").count()));
            Tensor prompt = reference.load("encoder_hidden_states");
            Tensor pooled = reference.load("pooled_projections");
            Guidance guided = Guidance.of(
                    transformer,
                    Conditioning.of(prompt, pooled),
                    Conditioning.of(prompt.mul(0), pooled.mul(0)),
                    guidance);
            Tensor start = reference.load("start").mul(plan.initialScale());
            Tensor result = new Sampler(plan, guided, Noiseless.INSTANCE).run(start, Noiseless.INSTANCE);
            double[] sigmas = DoubleStream.concat(
                            plan.levels().stream().mapToDouble(NoiseLevel::noise), DoubleStream.of(0))
                    .toArray();
            return List.of(
                    check(reference, "train_sigmas", trained(read.schedule(), NoiseLevel::noise), FORWARD),
                    check(reference, "train_timesteps", trained(read.schedule(), NoiseLevel::timestep), FORWARD),
                    check(reference, "timesteps", Tensor.of(plan.timesteps()), FORWARD),
                    check(reference, "sigmas", Tensor.of(sigmas), FORWARD),
                    check(reference, "final", result, SAMPLING));
        }
    }

    private static Tensor trained(NoiseSchedule schedule, ToDoubleFunction<NoiseLevel> value) {
        return Tensor.of(IntStream.range(0, schedule.size())
                .mapToObj(schedule::level)
                .mapToDouble(value)
                .toArray());
    }

    private ParityResult check(SafeTensors reference, String tensor, Tensor out, double tolerance) {
        return new ParityResult(name + "." + tensor, Golden.error(out, reference, tensor), tolerance);
    }
}
