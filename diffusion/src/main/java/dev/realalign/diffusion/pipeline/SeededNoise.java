package dev.realalign.diffusion.pipeline;

import dev.realalign.diffusion.tensor.Device;
import dev.realalign.diffusion.tensor.Ops;
import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.diffusion.tensor.TensorScope;
import java.util.List;

/**
 * Standard normal noise of a batch, each picture's from its own seed: the same whatever it is drawn together with, and on
 * every device. The first sample's noise is PyTorch's for that seed, so a seed means here what it means there.
 *
 * @param seeds one per picture
 * @param channels C
 * @param height H
 * @param width W
 */
record SeededNoise(List<Long> seeds, long channels, long height, long width, Device device) implements Sampler.Noise {

    private static final long POSTERIOR = -1;
    private static final long MASKED_POSTERIOR = -2;

    /** What sampling starts from, (B, C, H, W). */
    Tensor initial() {
        return drawn(seeds);
    }

    /** For the draw from an autoencoder's posterior of the picture. */
    Tensor ofPosterior() {
        return drawn(seeds.stream().map(seed -> derived(seed, POSTERIOR)).toList());
    }

    /** For the draw from the posterior of the picture under its mask. */
    Tensor ofMaskedPosterior() {
        return drawn(seeds.stream().map(seed -> derived(seed, MASKED_POSTERIOR)).toList());
    }

    @Override
    public Tensor at(int i) {
        return drawn(seeds.stream().map(seed -> derived(seed, i)).toList());
    }

    private Tensor drawn(List<Long> each) {
        return TensorScope.of(() -> Ops.concatenate(
                        each.stream()
                                .map(seed -> Tensor.randn(seed, 1, channels, height, width))
                                .toList(),
                        0)
                .to(device));
    }

    /** The finaliser of SplitMix64 (Steele et al. 2014) over seed and purpose. */
    private static long derived(long seed, long purpose) {
        long z = seed + 0x9E3779B97F4A7C15L * (purpose + 3);
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }
}
