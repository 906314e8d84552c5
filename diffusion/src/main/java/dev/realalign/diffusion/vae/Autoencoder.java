package dev.realalign.diffusion.vae;

import dev.realalign.diffusion.tensor.Tensor;

/**
 * Images to latents and back. Latents are as the denoiser takes them: shifted and scaled. Frozen.
 *
 * <p>Shapes: B images (B, 3, H, W) from -1 to 1; latents (B, C, H/f, W/f).
 */
public interface Autoencoder extends AutoCloseable {

    /** Channels of the latents, C. */
    int latentChannels();

    /** Pixels per latent along each side, f; height and width of an image must be multiples of it. */
    int factor();

    /**
     * What the encoder makes of images.
     *
     * @return not yet shifted and scaled, in the caller's scope
     * @throws IllegalArgumentException if the size is not a multiple of {@link #factor()}
     */
    Posterior encode(Tensor images);

    /** Shifts and scales what a {@link Posterior} gives, to latents. */
    Tensor scaled(Tensor z);

    /** Latents to images; values may exceed -1 to 1 a little. In the caller's scope. */
    Tensor decode(Tensor latents);

    @Override
    void close();
}
