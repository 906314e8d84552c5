package dev.realalign.diffusion.parity;

import dev.realalign.diffusion.denoiser.Conditioning;
import dev.realalign.diffusion.pipeline.Guidance;
import dev.realalign.diffusion.pipeline.KeptRegion;
import dev.realalign.diffusion.pipeline.Sampler;
import dev.realalign.diffusion.schedule.SamplingPlan;
import dev.realalign.diffusion.schedule.Scheduler;
import dev.realalign.diffusion.tensor.Device;
import dev.realalign.diffusion.tensor.ElementType;
import dev.realalign.diffusion.tensor.SafeTensors;
import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.diffusion.tensor.TensorScope;
import dev.realalign.diffusion.unet.UNet2DConditionModel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Inpainting with a network that has no mask channels: from noise through timesteps to final, with clean put back where
 * mask is 0.
 *
 * @param name the reference file
 * @param model the model folder
 * @param scheduler name of the scheduler's configuration below schedulers
 * @param guidance the run's guidance scale, which the file does not say
 */
record InpaintBlendParity(String name, String model, String scheduler, double guidance) implements ParityCheck {
    @Override
    public boolean isPresent(Golden golden) {
        return golden.has(name, model + "/unet") && Files.isRegularFile(configuration(golden));
    }

    private Path configuration(Golden golden) {
        return golden.file("schedulers/" + scheduler + ".json");
    }

    @Override
    public List<ParityResult> run(Golden golden) {
        try (TensorScope scope = TensorScope.open();
                SafeTensors reference = SafeTensors.open(golden.tensors(name));
                UNet2DConditionModel unet = UNet2DConditionModel.load(
                        golden.model(model).resolve("unet"), null, ElementType.F32, Device.CPU)) {
            SamplingPlan plan = Scheduler.read(configuration(golden))
                    .plan(Math.toIntExact(reference.load("timesteps").count()));
            Guidance guided = Guidance.of(
                    unet, Conditioning.of(reference.load("cond")), Conditioning.of(reference.load("uncond")), guidance);
            Tensor noise = reference.load("noise");
            KeptRegion kept = new KeptRegion(reference.load("clean"), noise, reference.load("mask"));
            Tensor result = new Sampler(plan, guided, Noiseless.INSTANCE).run(noise.mul(plan.initialScale()), kept);
            return List.of(
                    new ParityResult(
                            name + ".timesteps",
                            Golden.error(Tensor.of(plan.timesteps()), reference, "timesteps"),
                            FORWARD),
                    new ParityResult(name + ".final", Golden.error(result, reference, "final"), SAMPLING));
        }
    }
}
