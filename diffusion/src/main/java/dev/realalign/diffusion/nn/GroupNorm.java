package dev.realalign.diffusion.nn;

import dev.realalign.diffusion.tensor.Ops;
import dev.realalign.diffusion.tensor.Tensor;

/** Group normalisation (arXiv 1803.08494) with scale and shift per channel. */
public final class GroupNorm {
    private final Parameter weight;
    private final Parameter bias;
    private final int groups;
    private final double eps;

    /**
     * @param channels must be a multiple of {@code groups}
     * @throws IllegalArgumentException if it is not
     */
    public GroupNorm(Weights weights, int groups, long channels, double eps) {
        if (groups < 1 || channels % groups != 0) {
            throw new IllegalArgumentException(
                    weights.path() + ": " + channels + " channels cannot be divided into " + groups + " groups");
        }
        this.weight = weights.parameter("weight", channels);
        this.bias = weights.parameter("bias", channels);
        this.groups = groups;
        this.eps = eps;
    }

    /** x (B, C, ...) to the same shape. */
    public Tensor forward(Tensor x) {
        return Ops.groupNorm(x, groups, weight.inUse(), bias.inUse(), eps);
    }
}
