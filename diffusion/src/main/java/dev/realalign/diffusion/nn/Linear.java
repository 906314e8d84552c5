package dev.realalign.diffusion.nn;

import dev.realalign.diffusion.tensor.Ops;
import dev.realalign.diffusion.tensor.Tensor;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** {@code y = x W^T + b}, with at most one low-rank addition at a time, never merged while training. */
public final class Linear {
    private final long in;
    private final long out;
    private final Parameter weight;
    private final @Nullable Parameter bias;
    private @Nullable LowRank lowRank;

    private Linear(Parameter weight, @Nullable Parameter bias, long in, long out) {
        this.weight = weight;
        this.bias = bias;
        this.in = in;
        this.out = out;
    }

    /** A layer with weight (out, in) and bias (out). */
    public static Linear of(Weights weights, long in, long out) {
        return registered(
                weights, new Linear(weights.parameter("weight", out, in), weights.parameter("bias", out), in, out));
    }

    /** A layer with weight (out, in) only. */
    public static Linear withoutBias(Weights weights, long in, long out) {
        return registered(weights, new Linear(weights.parameter("weight", out, in), null, in, out));
    }

    /** A layer with bias whose weight older files hold as a 1x1 convolution (out, in, 1, 1). */
    public static Linear orConvolution(Weights weights, long in, long out) {
        Parameter weight = weights.parameter("weight", new long[] {out, in}, List.of(new long[] {out, in, 1, 1}));
        return registered(weights, new Linear(weight, weights.parameter("bias", out), in, out));
    }

    /**
     * A 1x1 convolution, weight (out, in, 1, 1), applied to tokens. It takes no low-rank addition: published adapters
     * of convolutions have four axes.
     */
    public static Linear convolution(Weights weights, long in, long out) {
        return new Linear(weights.parameter("weight", out, in, 1, 1), weights.parameter("bias", out), in, out);
    }

    private static Linear registered(Weights weights, Linear linear) {
        weights.register(linear);
        return linear;
    }

    /** x (..., in) to (..., out). */
    public Tensor forward(Tensor x) {
        Tensor used = weight.inUse();
        Tensor w = used.rank() == 2 ? used : used.reshape(out, in);
        Tensor b = bias == null ? null : bias.inUse();
        LowRank added = lowRank;
        return added == null
                ? Ops.linear(x, w, b)
                : Ops.lowRankLinear(x, w, b, added.down(), added.up(), added.scale());
    }

    public long in() {
        return in;
    }

    public long out() {
        return out;
    }

    /** The weight without any addition, (out, in). */
    public Tensor weight() {
        return weight.value();
    }

    /** Adds a low-rank term from now on, or none. */
    public void useLowRank(@Nullable LowRank added) {
        lowRank = added;
    }

    /** The low-rank term in use. */
    public @Nullable LowRank lowRank() {
        return lowRank;
    }
}
