package dev.realalign.diffusion.pipeline;

import dev.realalign.diffusion.schedule.NoiseLevel;
import dev.realalign.diffusion.tensor.Tensor;

/**
 * Inpainting without mask channels (RePaint's blending, Lugmayr et al. 2022, arXiv 2201.09865, equation 8, without
 * resampling): after each step the known part of the image is put back, at the noise level the sample then has.
 */
public final class KeptRegion implements Sampler.Listener {

    private final Tensor clean;
    private final Tensor noise;
    private final Tensor mask;

    /**
     * @param clean latents of the known image (B, C, H, W)
     * @param noise what they are noised with, the same at every step
     * @param mask (B, 1, H, W), 1 where the image is painted anew and 0 where it is kept
     */
    public KeptRegion(Tensor clean, Tensor noise, Tensor mask) {
        this.clean = clean;
        this.noise = noise;
        this.mask = mask;
    }

    @Override
    public Tensor updated(int i, NoiseLevel level, Tensor sample) {
        Tensor known = clean.mul(level.clean()).addScaled(noise, level.noise());
        return known.add(sample.sub(known).mul(mask));
    }
}
