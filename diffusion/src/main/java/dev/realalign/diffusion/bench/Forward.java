package dev.realalign.diffusion.bench;

import dev.realalign.diffusion.tensor.Autograd;
import dev.realalign.diffusion.tensor.TensorScope;
import dev.realalign.diffusion.unet.UNet2DConditionModel;

/** One prediction of the U-Net, not recorded. */
final class Forward implements Workload {
    @Override
    public String name() {
        return "forward";
    }

    @Override
    public String description() {
        return "the U-Net's prediction of a batch";
    }

    @Override
    public Prepared prepare(Scale scale) {
        UNet2DConditionModel unet = BenchmarkNetworks.unet(scale.device());
        BenchmarkBatch batch = BenchmarkBatch.of(unet, scale);
        return new Prepared() {
            @Override
            public void step() {
                try (TensorScope scope = TensorScope.open()) {
                    Autograd.withoutGrad(() -> unet.predict(batch.noisy(), batch.timesteps(), batch.conditioning())
                            .mean()
                            .item());
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
