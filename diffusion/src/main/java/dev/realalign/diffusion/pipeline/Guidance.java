package dev.realalign.diffusion.pipeline;

import dev.realalign.diffusion.denoiser.Conditioning;
import dev.realalign.diffusion.denoiser.Denoiser;
import dev.realalign.diffusion.schedule.NoiseLevel;
import dev.realalign.diffusion.tensor.ElementType;
import dev.realalign.diffusion.tensor.Ops;
import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.diffusion.tensor.TensorScope;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Classifier-free guidance (Ho and Salimans 2022, arXiv 2207.12598):
 * {@code unconditional + scale (conditional - unconditional)}, both halves in one pass of the network.
 */
public final class Guidance implements Sampler.Prediction {

    private final Denoiser denoiser;
    private final Conditioning conditioning;
    private final double scale;
    private final @Nullable Tensor extraChannels;

    private Guidance(Denoiser denoiser, Conditioning conditioning, double scale, @Nullable Tensor extraChannels) {
        this.denoiser = denoiser;
        this.conditioning = conditioning;
        this.scale = scale;
        this.extraChannels = extraChannels;
    }

    /** The network's prediction as it is. */
    public static Guidance none(Denoiser denoiser, Conditioning conditioning) {
        return new Guidance(denoiser, conditioning, 1, null);
    }

    /**
     * Guidance away from the negative prompt.
     *
     * @param negative as many prompts; the empty prompt is the usual one
     * @param scale 1 or less uses the prompt alone and does not run the network on the negative one
     */
    public static Guidance of(Denoiser denoiser, Conditioning conditioning, Conditioning negative, double scale) {
        return scale <= 1
                ? none(denoiser, conditioning)
                : new Guidance(denoiser, Conditioning.concatenate(List.of(negative, conditioning)), scale, null);
    }

    /** The same, for a network that sees more channels than the sample has: (B, C', H, W), put behind the sample's. */
    public Guidance withExtraChannels(Tensor channels) {
        return new Guidance(denoiser, conditioning, scale, channels);
    }

    @Override
    public Tensor at(Tensor sample, NoiseLevel level) {
        return TensorScope.of(() -> {
            Tensor seen = extraChannels == null ? sample : Ops.concatenate(List.of(sample, extraChannels), 1);
            if (scale <= 1) {
                return denoiser.predict(seen, timesteps(level, sample.size(0)), conditioning);
            }
            Tensor twice = Ops.concatenate(List.of(seen, seen), 0); // (2 B, C, H, W)
            List<Tensor> halves =
                    Ops.chunk(denoiser.predict(twice, timesteps(level, 2 * sample.size(0)), conditioning), 2, 0);
            Tensor unconditional = halves.get(0);
            return unconditional.addScaled(halves.get(1).sub(unconditional), scale);
        });
    }

    private static Tensor timesteps(NoiseLevel level, long count) {
        return Tensor.full(level.timestep(), ElementType.F32, count);
    }
}
