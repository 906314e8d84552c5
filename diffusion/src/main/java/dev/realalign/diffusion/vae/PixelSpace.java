package dev.realalign.diffusion.vae;

import dev.realalign.diffusion.tensor.Tensor;

/** No autoencoder: the denoiser works on pixels (a model folder without a {@code vae}). */
public final class PixelSpace implements Autoencoder {

    private final int channels;

    /** @param channels 3 for colour */
    public PixelSpace(int channels) {
        this.channels = channels;
    }

    @Override
    public int latentChannels() {
        return channels;
    }

    @Override
    public int factor() {
        return 1;
    }

    @Override
    public Posterior encode(Tensor images) {
        return new Posterior(images, null);
    }

    @Override
    public Tensor scaled(Tensor z) {
        return z;
    }

    @Override
    public Tensor decode(Tensor latents) {
        return latents;
    }

    @Override
    public void close() {}
}
