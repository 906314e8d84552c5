package dev.realalign.diffusion.parity;

import dev.realalign.diffusion.pipeline.Sampler;
import dev.realalign.diffusion.tensor.Tensor;

/** A run of a sampler that adds no noise, to which nothing is done on the way. */
enum Noiseless implements Sampler.Noise, Sampler.Listener {
    INSTANCE;

    @Override
    public Tensor at(int i) {
        throw new IllegalStateException("this sampler adds noise: its runs cannot be compared");
    }
}
