package dev.realalign.diffusion.nn;

import dev.realalign.diffusion.tensor.Ops;
import dev.realalign.diffusion.tensor.Tensor;

/** Layer normalisation of the last axis, with scale and shift per feature. */
public final class LayerNorm {
    private final Parameter weight;
    private final Parameter bias;
    private final double eps;

    public LayerNorm(Weights weights, long features, double eps) {
        this.weight = weights.parameter("weight", features);
        this.bias = weights.parameter("bias", features);
        this.eps = eps;
    }

    /** x (..., D) to the same shape. */
    public Tensor forward(Tensor x) {
        return Ops.layerNorm(x, weight.inUse(), bias.inUse(), eps);
    }
}
