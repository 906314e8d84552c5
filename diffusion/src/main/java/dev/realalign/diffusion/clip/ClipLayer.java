package dev.realalign.diffusion.clip;

import dev.realalign.diffusion.nn.Activation;
import dev.realalign.diffusion.nn.LayerNorm;
import dev.realalign.diffusion.nn.Linear;
import dev.realalign.diffusion.nn.Weights;
import dev.realalign.diffusion.tensor.Ops;
import dev.realalign.diffusion.tensor.Tensor;

/** A pre-norm transformer layer, of which both of CLIP's towers are made. */
final class ClipLayer {
    private final LayerNorm norm1;
    private final Linear q;
    private final Linear k;
    private final Linear v;
    private final Linear out;
    private final LayerNorm norm2;
    private final Linear fc1;
    private final Linear fc2;
    private final int heads;
    private final Activation activation;
    private final boolean causal;

    /**
     * @param hidden D
     * @param intermediate features inside the feed-forward part
     * @param causal whether a token attends to those before it only
     */
    ClipLayer(
            Weights weights,
            int hidden,
            int intermediate,
            int heads,
            Activation activation,
            double layerNormEps,
            boolean causal) {
        Weights attention = weights.at("self_attn");
        this.norm1 = new LayerNorm(weights.at("layer_norm1"), hidden, layerNormEps);
        this.q = Linear.of(attention.at("q_proj"), hidden, hidden);
        this.k = Linear.of(attention.at("k_proj"), hidden, hidden);
        this.v = Linear.of(attention.at("v_proj"), hidden, hidden);
        this.out = Linear.of(attention.at("out_proj"), hidden, hidden);
        this.norm2 = new LayerNorm(weights.at("layer_norm2"), hidden, layerNormEps);
        this.fc1 = Linear.of(weights.at("mlp").at("fc1"), hidden, intermediate);
        this.fc2 = Linear.of(weights.at("mlp").at("fc2"), intermediate, hidden);
        this.heads = heads;
        this.activation = activation;
        this.causal = causal;
    }

    /** x (B, N, D) to the same shape. */
    Tensor forward(Tensor x) {
        Tensor n = norm1.forward(x);
        Tensor attended = Ops.multiHeadAttention(q.forward(n), k.forward(n), v.forward(n), heads, causal);
        Tensor h = x.add(out.forward(attended));
        return h.add(fc2.forward(activation.apply(fc1.forward(norm2.forward(h)))));
    }
}
