package dev.realalign.diffusion.nn;

import dev.realalign.diffusion.tensor.Ops;
import dev.realalign.diffusion.tensor.Tensor;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** {@code y = x W^T + b}, with at most one low-rank addition at a time, never merged while training. */
public final class Linear {
    private final long in;
    private final long out;
    private Tensor weight;
    private final @Nullable Tensor bias;
    private @Nullable LowRank lowRank;

    private Linear(Tensor weight, @Nullable Tensor bias, long in, long out) {
        this.weight = weight;
        this.bias = bias;
        this.in = in;
        this.out = out;
    }

    /** A layer with weight (out, in) and bias (out). */
    public static Linear of(Weights weights, long in, long out) {
        return registered(weights, new Linear(weights.tensor("weight", out, in), weights.tensor("bias", out), in, out));
    }

    /** A layer with weight (out, in) only. */
    public static Linear withoutBias(Weights weights, long in, long out) {
        return registered(weights, new Linear(weights.tensor("weight", out, in), null, in, out));
    }

    /** A layer with bias whose weight older files hold as a 1x1 convolution (out, in, 1, 1). */
    public static Linear orConvolution(Weights weights, long in, long out) {
        Tensor weight = weights.tensor("weight", new long[] {out, in}, List.of(new long[] {out, in, 1, 1}));
        return registered(weights, new Linear(weight, weights.tensor("bias", out), in, out));
    }

    /**
     * A 1x1 convolution, weight (out, in, 1, 1), applied to tokens. It takes no low-rank addition: published adapters
     * of convolutions have four axes.
     */
    public static Linear convolution(Weights weights, long in, long out) {
        return new Linear(weights.tensor("weight", out, in, 1, 1), weights.tensor("bias", out), in, out);
    }

    private static Linear registered(Weights weights, Linear linear) {
        weights.register(linear);
        return linear;
    }

    /** x (..., in) to (..., out). */
    public Tensor forward(Tensor x) {
        Tensor w = weight.rank() == 2 ? weight : weight.reshape(out, in);
        LowRank added = lowRank;
        return added == null
                ? Ops.linear(x, w, bias)
                : Ops.lowRankLinear(x, w, bias, added.down(), added.up(), added.scale());
    }

    public long in() {
        return in;
    }

    public long out() {
        return out;
    }

    /** The weight in use, (out, in). */
    public Tensor weight() {
        return weight;
    }

    /** Uses another weight of the same shape; the caller owns both. For merging an adapter and taking it out again. */
    public void useWeight(Tensor other) {
        weight = other;
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
