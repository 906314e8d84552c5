package dev.realalign.diffusion.parity;

import dev.realalign.diffusion.denoiser.Conditioning;
import dev.realalign.diffusion.pipeline.Guidance;
import dev.realalign.diffusion.pipeline.Sampler;
import dev.realalign.diffusion.schedule.DiffusionSchedule;
import dev.realalign.diffusion.schedule.NoiseLevel;
import dev.realalign.diffusion.schedule.SamplingPlan;
import dev.realalign.diffusion.schedule.Scheduler;
import dev.realalign.diffusion.tensor.Device;
import dev.realalign.diffusion.tensor.ElementType;
import dev.realalign.diffusion.tensor.Ops;
import dev.realalign.diffusion.tensor.SafeTensors;
import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.diffusion.tensor.TensorScope;
import dev.realalign.diffusion.unet.UNet2DConditionModel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Noise schedule, add_noise and whole sampling runs of a diffusion network: each tensor NAME_STEPS is a run of the
 * scheduler of schedulers/NAME.json from start times its initial sigma, with NAME_STEPS_timesteps.
 *
 * @param name the reference file
 * @param model the model folder
 * @param guidance the runs' guidance scale, which the file does not say
 */
record DiffusionSamplingParity(String name, String model, double guidance) implements ParityCheck {
    private static final Pattern RUN = Pattern.compile("(.+)_([0-9]+)");

    @Override
    public boolean isPresent(Golden golden) {
        return golden.has(name, model + "/unet") && schedulersArePresent(golden);
    }

    private boolean schedulersArePresent(Golden golden) {
        try (SafeTensors reference = SafeTensors.open(golden.tensors(name))) {
            List<String> schedulers = schedulers(reference);
            return !schedulers.isEmpty()
                    && schedulers.stream().allMatch(scheduler -> Files.isRegularFile(configuration(golden, scheduler)));
        }
    }

    private static List<String> schedulers(SafeTensors reference) {
        return reference.entries().keySet().stream()
                .map(RUN::matcher)
                .filter(Matcher::matches)
                .map(match -> match.group(1))
                .distinct()
                .toList();
    }

    private static Path configuration(Golden golden, String scheduler) {
        return golden.file("schedulers/" + scheduler + ".json");
    }

    @Override
    public List<ParityResult> run(Golden golden) {
        try (TensorScope scope = TensorScope.open();
                SafeTensors reference = SafeTensors.open(golden.tensors(name));
                UNet2DConditionModel unet = UNet2DConditionModel.load(
                        golden.model(model).resolve("unet"), null, ElementType.F32, Device.CPU)) {
            List<ParityResult> results = new ArrayList<>();
            for (String scheduler : schedulers(reference)) {
                Scheduler read = Scheduler.read(configuration(golden, scheduler));
                results.addAll(schedule(scheduler, read, reference));
                for (String run : reference.entries().keySet()) {
                    Matcher match = RUN.matcher(run);
                    if (match.matches() && match.group(1).equals(scheduler)) {
                        SamplingPlan plan = read.plan(Integer.parseInt(match.group(2)));
                        results.addAll(sample(run, plan, unet, reference));
                    }
                }
            }
            return results;
        }
    }

    private List<ParityResult> schedule(String scheduler, Scheduler read, SafeTensors reference) {
        if (!(read.schedule() instanceof DiffusionSchedule schedule)) {
            return List.of(new ParityResult(name + "." + scheduler, ParityResult.INCOMPARABLE, FORWARD));
        }
        Tensor alphas = Tensor.of(schedule.alphasCumprod());
        String prefix = name + "." + scheduler;
        return List.of(
                new ParityResult(
                        prefix + ".alphas_cumprod", Golden.error(alphas, reference, "alphas_cumprod"), FORWARD),
                new ParityResult(
                        prefix + ".add_noise", Golden.error(noisy(schedule, reference), reference, "noisy"), FORWARD));
    }

    private static Tensor noisy(DiffusionSchedule schedule, SafeTensors reference) {
        long[] timesteps = reference.load("timesteps").toLongs();
        float[] clean = new float[timesteps.length];
        float[] noise = new float[timesteps.length];
        for (int i = 0; i < timesteps.length; i++) {
            NoiseLevel level = schedule.level((int) timesteps[i]);
            clean[i] = (float) level.clean();
            noise[i] = (float) level.noise();
        }
        return Ops.scalePerSample(reference.load("clean"), clean)
                .add(Ops.scalePerSample(reference.load("noise"), noise));
    }

    private List<ParityResult> sample(String run, SamplingPlan plan, UNet2DConditionModel unet, SafeTensors reference) {
        Guidance guided = Guidance.of(
                unet, Conditioning.of(reference.load("cond")), Conditioning.of(reference.load("uncond")), guidance);
        Tensor start = reference.load("start").mul(plan.initialScale());
        Tensor result = new Sampler(plan, guided, Noiseless.INSTANCE).run(start, Noiseless.INSTANCE);
        Tensor timesteps = Tensor.of(plan.timesteps());
        return List.of(
                new ParityResult(
                        name + "." + run + ".timesteps",
                        Golden.error(timesteps, reference, run + "_timesteps"),
                        FORWARD),
                new ParityResult(name + "." + run, Golden.error(result, reference, run), SAMPLING));
    }
}
