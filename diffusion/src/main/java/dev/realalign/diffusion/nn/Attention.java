package dev.realalign.diffusion.nn;

import dev.realalign.diffusion.tensor.ElementType;
import dev.realalign.diffusion.tensor.Ops;
import dev.realalign.diffusion.tensor.Tensor;

/**
 * Multi-head attention of diffusers' {@code Attention}: to_q, to_k, to_v without bias, to_out.0 with one.
 *
 * <p>Shapes: B samples, N queries, M keys, D features of the queries, E of the context.
 */
public final class Attention {
    private final Linear toQ;
    private final Linear toK;
    private final Linear toV;
    private final Linear toOut;
    private final int heads;
    private final boolean upcast;

    /**
     * @param context features of what is attended to; those of the queries for self-attention
     * @param upcast whether scores are computed in F32 whatever the network computes in
     */
    public Attention(Weights weights, long features, long context, int heads, boolean upcast) {
        if (heads < 1 || features % heads != 0) {
            throw new IllegalArgumentException(
                    weights.path() + ": " + features + " features cannot be divided into " + heads + " heads");
        }
        this.toQ = Linear.withoutBias(weights.at("to_q"), features, features);
        this.toK = Linear.withoutBias(weights.at("to_k"), context, features);
        this.toV = Linear.withoutBias(weights.at("to_v"), context, features);
        this.toOut = Linear.of(weights.at("to_out").at(0), features, features);
        this.heads = heads;
        this.upcast = upcast;
    }

    /** x (B, N, D) attends to context (B, M, E), giving (B, N, D). */
    public Tensor forward(Tensor x, Tensor context) {
        Tensor q = toQ.forward(x);
        Tensor k = toK.forward(context);
        Tensor v = toV.forward(context);
        if (upcast) {
            Tensor y = Ops.multiHeadAttention(
                    q.to(ElementType.F32), k.to(ElementType.F32), v.to(ElementType.F32), heads, false);
            return toOut.forward(y.to(x.type()));
        }
        return toOut.forward(Ops.multiHeadAttention(q, k, v, heads, false));
    }
}
