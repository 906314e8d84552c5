package dev.realalign.diffusion.vae;

import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.diffusion.tensor.TensorScope;
import org.jspecify.annotations.Nullable;

/**
 * A normal distribution over latents, independent per element (Kingma and Welling 2013, arXiv 1312.6114).
 *
 * @param mean (B, C, H, W)
 * @param logvar logarithm of the variance, of the same shape; null where the encoder is deterministic
 */
public record Posterior(Tensor mean, @Nullable Tensor logvar) {

    /**
     * One draw.
     *
     * @param noise standard normal, of the mean's shape; the caller derives it, so that a draw can be repeated
     */
    public Tensor sample(Tensor noise) {
        Tensor logarithm = logvar;
        return logarithm == null
                ? mean
                : TensorScope.of(() -> mean.add(logarithm.mul(0.5).exp().mul(noise.to(mean.device()))));
    }
}
