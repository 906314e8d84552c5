package dev.realalign.diffusion.clip;

import dev.realalign.diffusion.nn.LayerNorm;
import dev.realalign.diffusion.nn.Network;
import dev.realalign.diffusion.nn.Weights;
import dev.realalign.diffusion.tensor.Autograd;
import dev.realalign.diffusion.tensor.ElementType;
import dev.realalign.diffusion.tensor.Ops;
import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.diffusion.tensor.TensorScope;
import java.util.ArrayList;
import java.util.List;

/**
 * CLIPVisionModelWithProjection: a vision transformer (Dosovitskiy et al. 2020, arXiv 2010.11929) whose class token is
 * projected to where texts are. Frozen.
 *
 * <p>Shapes: B pictures, S their side, G patches along a side, N = G G patches, D hidden features, P projected features.
 */
public final class ClipVisionModel implements AutoCloseable {
    private final ClipVisionConfig config;
    private final Tensor classEmbedding;
    private final Tensor patchEmbedding;
    private final Tensor positionEmbedding;
    private final LayerNorm preNorm;
    private final List<ClipLayer> layers = new ArrayList<>();
    private final LayerNorm postNorm;
    private final Tensor projection;
    private final Network network;

    /**
     * Builds the network.
     *
     * @param projected P
     * @throws dev.realalign.diffusion.ModelFormatException listing every tensor that does not fit
     */
    ClipVisionModel(ClipVisionConfig config, int projected, Weights weights) {
        this.config = config;
        Weights vision = weights.at("vision_model");
        Weights embeddings = vision.at("embeddings");
        this.classEmbedding = embeddings.tensor("class_embedding", config.hidden());
        this.patchEmbedding =
                embeddings.tensor("patch_embedding.weight", config.hidden(), 3, config.patch(), config.patch());
        this.positionEmbedding = embeddings.tensor("position_embedding.weight", config.patches() + 1, config.hidden());
        this.preNorm = new LayerNorm(vision.at("pre_layrnorm"), config.hidden(), config.layerNormEps()); // sic
        for (int i = 0; i < config.layers(); i++) {
            layers.add(new ClipLayer(
                    vision.at("encoder").at("layers").at(i),
                    config.hidden(),
                    config.intermediate(),
                    config.heads(),
                    config.activation(),
                    config.layerNormEps(),
                    false));
        }
        this.postNorm = new LayerNorm(vision.at("post_layernorm"), config.hidden(), config.layerNormEps());
        this.projection = weights.tensor("visual_projection.weight", projected, config.hidden());
        weights.tolerate("vision_model\\.embeddings\\.position_ids"); // a buffer older versions saved: 0, 1, 2, ...
        this.network = new Network(weights);
    }

    /** Normalised pictures (B, 3, S, S) to "image_embeds" (B, P) in F32, in the caller's scope. */
    public Tensor embed(Tensor pictures) {
        return Autograd.withoutGrad(() -> TensorScope.of(() -> {
            long batch = pictures.size(0);
            Tensor patches =
                    Ops.conv2d(network.input(pictures), patchEmbedding, null, config.patch(), 0, 1, 1); // (B, D, G, G)
            Tensor tokens =
                    patches.reshape(batch, config.hidden(), config.patches()).transpose(1, 2); // (B, N, D)
            Tensor first = classEmbedding.reshape(1, 1, config.hidden()).expand(batch, 1, config.hidden());
            Tensor x =
                    preNorm.forward(Ops.concatenate(List.of(first, tokens), 1).add(positionEmbedding)); // (B, 1 + N, D)
            for (ClipLayer layer : layers) {
                Tensor before = x;
                x = TensorScope.of(() -> layer.forward(before));
            }
            Tensor pooled = postNorm.forward(x.slice(1, 0, 1).squeeze(1)); // (B, D)
            return Ops.linear(pooled, projection, null).to(ElementType.F32); // (B, P)
        }));
    }

    /** What its pictures are. */
    public ClipVisionConfig config() {
        return config;
    }

    @Override
    public void close() {
        network.close();
    }
}
