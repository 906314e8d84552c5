package dev.realalign.diffusion.bench;

import dev.realalign.diffusion.optim.AdamW;
import dev.realalign.diffusion.tensor.Autograd;
import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.diffusion.tensor.TensorScope;
import dev.realalign.diffusion.unet.UNet2DConditionModel;

/** A step of ordinary training of every weight of the U-Net: mean squared error, gradient clip, AdamW. */
final class FullTraining implements Workload {
    private static final double LEARNING_RATE = 1e-5;
    private static final double CLIP = 1;

    @Override
    public String name() {
        return "full";
    }

    @Override
    public String description() {
        return "the U-Net forward and backward, clip and AdamW on every weight";
    }

    @Override
    public Prepared prepare(Scale scale) {
        UNet2DConditionModel unet = BenchmarkNetworks.unet(scale.device());
        unet.parameters().values().forEach(Tensor::requireGrad);
        BenchmarkBatch batch = BenchmarkBatch.of(unet, scale);
        AdamW optimizer = new AdamW(unet.parameters(), AdamW.Config.DEFAULT);
        return new Prepared() {
            @Override
            public void step() {
                try (TensorScope scope = TensorScope.open()) {
                    Tensor prediction = Autograd.withGrad(
                            () -> unet.predict(batch.noisy(), batch.timesteps(), batch.conditioning()));
                    Tensor error = prediction.sub(batch.target());
                    Autograd.backward(prediction, error.mul(2.0 / error.count())); // of the mean squared error
                    optimizer.clip(CLIP);
                    optimizer.step(LEARNING_RATE);
                    optimizer.clear();
                }
            }

            @Override
            public void close() {
                optimizer.close();
                batch.close();
                unet.close();
            }
        };
    }
}
