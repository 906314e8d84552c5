package dev.realalign.diffusion.nn;

import dev.realalign.diffusion.tensor.Ops;
import dev.realalign.diffusion.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** A square convolution: weight (out, in, k, k), bias (out). */
public final class Conv2d {
    private final Parameter weight;
    private final @Nullable Parameter bias;
    private final int stride;
    private final int padding;

    private Conv2d(Parameter weight, @Nullable Parameter bias, int stride, int padding) {
        this.weight = weight;
        this.bias = bias;
        this.stride = stride;
        this.padding = padding;
    }

    /** Kernel of odd size, stride 1, padded to keep height and width. */
    public static Conv2d same(Weights weights, long in, long out, int kernel) {
        return of(weights, in, out, kernel, 1, (kernel - 1) / 2);
    }

    public static Conv2d of(Weights weights, long in, long out, int kernel, int stride, int padding) {
        return new Conv2d(
                weights.parameter("weight", out, in, kernel, kernel), weights.parameter("bias", out), stride, padding);
    }

    /** As {@link #of}, without a bias. */
    public static Conv2d withoutBias(Weights weights, long in, long out, int kernel, int stride, int padding) {
        return new Conv2d(weights.parameter("weight", out, in, kernel, kernel), null, stride, padding);
    }

    /**
     * The convolution of the nearest neighbours at twice the height and width: x (B, in, H, W) to (B, out, 2 H, 2 W).
     *
     * @throws IllegalStateException unless the kernel is 3 and keeps height and width
     */
    public Tensor forwardUpsampled(Tensor x) {
        Tensor w = weight.inUse();
        if (w.size(2) != 3 || stride != 1 || padding != 1) {
            throw new IllegalStateException(
                    "only a convolution of kernel 3, stride 1 and padding 1 is taken with upsampling, not " + w.size(2)
                            + ", " + stride + " and " + padding);
        }
        return Ops.upsampledConv2d(x, w, biasInUse());
    }

    /** x (B, in, H, W) to (B, out, H', W'). */
    public Tensor forward(Tensor x) {
        return Ops.conv2d(x, weight.inUse(), biasInUse(), stride, padding, 1, 1);
    }

    private @Nullable Tensor biasInUse() {
        return bias == null ? null : bias.inUse();
    }
}
