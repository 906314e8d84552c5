package dev.realalign.diffusion.bench;

import dev.realalign.diffusion.pipeline.Guidance;
import dev.realalign.diffusion.pipeline.Sampler;
import dev.realalign.diffusion.schedule.SamplingPlan;
import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.diffusion.tensor.TensorScope;
import dev.realalign.diffusion.unet.UNet2DConditionModel;

/** Latents drawn by DDIM from noise, without guidance. */
final class DdimSampling implements Workload {
    @Override
    public String name() {
        return "sampling";
    }

    @Override
    public String description() {
        return "latents drawn by DDIM, no guidance";
    }

    @Override
    public Prepared prepare(Scale scale) {
        UNet2DConditionModel unet = BenchmarkNetworks.unet(scale.device());
        BenchmarkBatch batch = BenchmarkBatch.of(unet, scale);
        SamplingPlan plan = BenchmarkNetworks.scheduler().plan(scale.samplingSteps());
        Sampler sampler = new Sampler(plan, Guidance.none(unet, batch.conditioning()), i -> {
            throw new IllegalStateException("DDIM adds no noise");
        });
        return new Prepared() {
            @Override
            public void step() {
                try (TensorScope scope = TensorScope.open()) {
                    Tensor latents = sampler.run(batch.noisy(), new Sampler.Listener() {});
                    latents.mean().item();
                }
            }

            @Override
            public void close() {
                batch.close();
                unet.close();
            }
        };
    }
}
