package dev.realalign.diffusion.sd3;

import dev.realalign.diffusion.clip.ClipTextModel;
import dev.realalign.diffusion.denoiser.Conditioning;
import dev.realalign.diffusion.tensor.Ops;
import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.diffusion.tensor.TensorScope;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How Stable Diffusion 3 puts the outputs of its text encoders together (Esser et al. 2024, arXiv 2403.03206, figure 2).
 *
 * <p>Shapes: B prompts, N tokens of the CLIP encoders, L and G their features, M tokens of T5, E joint features.
 */
public final class Sd3Prompts {

    private Sd3Prompts() {}

    /**
     * Joins the outputs.
     *
     * @param l of the first CLIP encoder, with projection
     * @param g of the second
     * @param t5 the T5 encoder's output (B, M, E); null without T5, which stands for zeros of N tokens
     * @param jointFeatures E, the width the transformer takes
     * @return hidden states (B, N + M, E): penultimate states of L and G side by side, padded with zeros to E, then T5's;
     *     pooled (B, L + G): the projected embeddings side by side; in the caller's scope
     * @throws IllegalArgumentException if the widths do not go together
     */
    public static Conditioning join(
            ClipTextModel.Output l, ClipTextModel.Output g, @Nullable Tensor t5, int jointFeatures) {
        long clipFeatures =
                l.penultimateHiddenState().size(2) + g.penultimateHiddenState().size(2);
        if (clipFeatures > jointFeatures || (t5 != null && t5.size(2) != jointFeatures)) {
            throw new IllegalArgumentException("the CLIP encoders give " + clipFeatures + " features"
                    + (t5 == null ? "" : ", T5 gives " + t5.size(2)) + "; the transformer takes " + jointFeatures);
        }
        List<Tensor> joined = TensorScope.ofAll(() -> {
            Tensor clip = Ops.concatenate(List.of(l.penultimateHiddenState(), g.penultimateHiddenState()), 2);
            Tensor padded = Ops.pad(clip, 0, 0, jointFeatures - clipFeatures); // (B, N, E)
            Tensor third = t5 == null ? padded.mul(0) : t5; // (B, M, E)
            return List.of(
                    Ops.concatenate(List.of(padded, third), 1), Ops.concatenate(List.of(l.pooled(), g.pooled()), 1));
        });
        return Conditioning.of(joined.get(0), joined.get(1));
    }
}
