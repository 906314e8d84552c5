package dev.realalign.diffusion.clip;

import dev.realalign.diffusion.JsonConfig;
import dev.realalign.diffusion.nn.LayerNorm;
import dev.realalign.diffusion.nn.Network;
import dev.realalign.diffusion.nn.WeightFiles;
import dev.realalign.diffusion.nn.Weights;
import dev.realalign.diffusion.tensor.Device;
import dev.realalign.diffusion.tensor.ElementType;
import dev.realalign.diffusion.tensor.Ops;
import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.diffusion.tensor.TensorScope;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * CLIPTextModel and CLIPTextModelWithProjection: a pre-norm transformer with causal attention.
 *
 * <p>Shapes: B prompts, N tokens, D hidden features, P projected features.
 */
public final class ClipTextModel implements AutoCloseable {
    /** Old configurations give this for the end marker; transformers then pools at the largest id. */
    private static final long LEGACY_END_OF_TEXT = 2;

    private final ClipTextConfig config;
    private final Tensor tokenEmbedding;
    private final Tensor positionEmbedding;
    private final List<ClipLayer> layers = new ArrayList<>();
    private final LayerNorm finalNorm;
    private final @Nullable Tensor projection;
    private final Network network;

    /**
     * What the encoder makes of a batch of prompts.
     *
     * @param lastHiddenState after the final normalisation, (B, N, D): what Stable Diffusion 1.5 is conditioned on
     * @param penultimateHiddenState before the last layer, not normalised, (B, N, D): what SDXL and SD3 are conditioned on
     * @param pooled the last hidden state at the end marker, (B, D); with projection the projected one ("text_embeds"), (B, P)
     */
    public record Output(Tensor lastHiddenState, Tensor penultimateHiddenState, Tensor pooled) {}

    /**
     * Builds the network.
     *
     * @param projected whether it is a CLIPTextModelWithProjection
     */
    public ClipTextModel(ClipTextConfig config, boolean projected, Weights weights) {
        this.config = config;
        Weights text = weights.at("text_model");
        Weights embeddings = text.at("embeddings");
        this.tokenEmbedding = embeddings.tensor("token_embedding.weight", config.vocabulary(), config.hidden());
        this.positionEmbedding = embeddings.tensor("position_embedding.weight", config.positions(), config.hidden());
        for (int i = 0; i < config.layers(); i++) {
            layers.add(new ClipLayer(
                    text.at("encoder").at("layers").at(i),
                    config.hidden(),
                    config.intermediate(),
                    config.heads(),
                    config.activation(),
                    config.layerNormEps(),
                    true));
        }
        this.finalNorm = new LayerNorm(text.at("final_layer_norm"), config.hidden(), config.layerNormEps());
        this.projection =
                projected ? weights.tensor("text_projection.weight", config.projection(), config.hidden()) : null;
        weights.tolerate("text_model\\.embeddings\\.position_ids"); // a buffer older versions saved: 0, 1, 2, ...
        this.network = new Network(weights);
    }

    /**
     * Loads a {@code text_encoder} folder.
     *
     * @param variant {@code fp16} or the like to prefer, or null
     * @throws dev.realalign.diffusion.ModelFormatException naming the file and everything wrong with it
     */
    public static ClipTextModel load(
            Path folder, boolean projected, @Nullable String variant, ElementType type, Device device) {
        Path configuration = folder.resolve("config.json");
        ClipTextConfig config = JsonConfig.read(configuration, ClipTextConfig::from);
        try (WeightFiles files = WeightFiles.find(folder, "model", variant)) {
            return Weights.of(files, type, device)
                    .build(configuration.toString(), weights -> new ClipTextModel(config, projected, weights));
        }
    }

    /**
     * Encodes prompts.
     *
     * @param ids (B, N), I64, N at most {@link ClipTextConfig#positions()}
     * @return tensors in F32, in the caller's scope
     * @throws IllegalArgumentException if there are too many tokens or an id is outside the vocabulary
     */
    public Output encode(Tensor ids) {
        long n = ids.size(1);
        if (n > config.positions()) {
            throw new IllegalArgumentException(
                    n + " tokens are more than the text encoder's " + config.positions() + " positions");
        }
        long[] values = ids.toLongs();
        Arrays.stream(values)
                .filter(id -> id < 0 || id >= config.vocabulary())
                .findFirst()
                .ifPresent(id -> {
                    throw new IllegalArgumentException(
                            "token id " + id + " is outside the text encoder's vocabulary of " + config.vocabulary());
                });
        List<Tensor> results = TensorScope.ofAll(() -> encode(ids.to(network.device()), values));
        return new Output(results.get(0), results.get(1), results.get(2));
    }

    private List<Tensor> encode(Tensor ids, long[] values) {
        int n = (int) ids.size(1);
        Tensor x = Ops.embedding(tokenEmbedding, ids).add(positionEmbedding.slice(0, 0, n)); // (B, N, D)
        Tensor penultimate = x;
        for (ClipLayer layer : layers) {
            penultimate = x;
            Tensor before = x;
            x = TensorScope.of(() -> layer.forward(before));
        }
        Tensor last = finalNorm.forward(x);
        Tensor ends = Tensor.of(endPositions(values, n)).to(network.device()); // (B)
        Tensor pooled = last.reshape(-1, config.hidden()).indexSelect(0, ends); // (B, D)
        if (projection != null) {
            pooled = Ops.linear(pooled, projection, null); // (B, P)
        }
        return List.of(last.to(ElementType.F32), penultimate.to(ElementType.F32), pooled.to(ElementType.F32));
    }

    /** Where each prompt's end marker stands, as an index into all B * N tokens. */
    private long[] endPositions(long[] ids, int n) {
        long[] ends = new long[ids.length / n];
        for (int b = 0; b < ends.length; b++) {
            int end = 0; // also where no marker is found, as in transformers
            for (int i = n - 1; i >= 0; i--) {
                boolean isEnd = config.endOfText() == LEGACY_END_OF_TEXT
                        ? ids[b * n + i] >= ids[b * n + end]
                        : ids[b * n + i] == config.endOfText();
                if (isEnd) {
                    end = i;
                }
            }
            ends[b] = (long) b * n + end;
        }
        return ends;
    }

    public ClipTextConfig config() {
        return config;
    }

    /** Every weight by published name. */
    public Network network() {
        return network;
    }

    @Override
    public void close() {
        network.close();
    }
}
