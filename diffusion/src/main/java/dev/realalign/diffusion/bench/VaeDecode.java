package dev.realalign.diffusion.bench;

import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.diffusion.tensor.TensorScope;
import dev.realalign.diffusion.vae.AutoencoderKl;

/** Images of 8 times the latents' side. */
final class VaeDecode implements Workload {
    @Override
    public String name() {
        return "decode";
    }

    @Override
    public String description() {
        return "latents to images by the autoencoder";
    }

    @Override
    public Prepared prepare(Scale scale) {
        AutoencoderKl autoencoder = BenchmarkNetworks.autoencoder(scale.device());
        Tensor latents = BenchmarkBatch.drawn(
                5, scale.device(), scale.images(), autoencoder.latentChannels(), scale.side(), scale.side());
        return new Prepared() {
            @Override
            public void step() {
                try (TensorScope scope = TensorScope.open()) {
                    autoencoder.decode(latents).mean().item();
                }
            }

            @Override
            public void close() {
                latents.close();
                autoencoder.close();
            }
        };
    }
}
