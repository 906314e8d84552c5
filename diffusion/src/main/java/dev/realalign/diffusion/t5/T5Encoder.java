package dev.realalign.diffusion.t5;

import dev.realalign.diffusion.JsonConfig;
import dev.realalign.diffusion.nn.Linear;
import dev.realalign.diffusion.nn.Network;
import dev.realalign.diffusion.nn.WeightFiles;
import dev.realalign.diffusion.nn.Weights;
import dev.realalign.diffusion.tensor.Autograd;
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
 * T5's encoder, {@code T5EncoderModel}: pre-norm blocks of self-attention with a learned bias per relative position, and
 * a (gated) feed-forward layer. Frozen: it never records gradients.
 *
 * <p>Shapes: B prompts, N tokens, D features, S heads of d features, F inner features.
 */
public final class T5Encoder implements AutoCloseable {

    private final T5Config config;
    private final Network network;
    private final Tensor embedding;
    private final Tensor relativeBias;
    private final List<Block> blocks = new ArrayList<>();
    private final Tensor finalNorm;

    /**
     * Builds the network.
     *
     * @throws dev.realalign.diffusion.ModelFormatException listing every tensor that does not fit
     */
    public T5Encoder(T5Config config, Weights weights) {
        this.config = config;
        // saved with the embedding under one name, under the other, or under both
        boolean shared = weights.has("shared.weight") || !weights.has("encoder.embed_tokens.weight");
        Weights embedding =
                shared ? weights.at("shared") : weights.at("encoder").at("embed_tokens");
        this.embedding = embedding.tensor("weight", config.vocabulary(), config.features());
        weights.tolerate("encoder\\.embed_tokens\\.weight");
        Weights encoder = weights.at("encoder");
        this.relativeBias = encoder.at("block")
                .at(0)
                .at("layer")
                .at(0)
                .at("SelfAttention")
                .at("relative_attention_bias")
                .tensor("weight", config.buckets(), config.heads());
        for (int i = 0; i < config.layers(); i++) {
            blocks.add(new Block(encoder.at("block").at(i).at("layer")));
        }
        this.finalNorm = encoder.at("final_layer_norm").tensor("weight", config.features());
        this.network = new Network(weights);
    }

    /**
     * Loads a {@code text_encoder_3} folder.
     *
     * @param variant {@code fp16} or the like to prefer; null for the plain files
     * @param type the type to compute in; F16 overflows in T5, use BF16 or F32
     */
    public static T5Encoder load(Path folder, @Nullable String variant, ElementType type, Device device) {
        T5Config config = JsonConfig.read(folder.resolve("config.json"), T5Config::from);
        try (WeightFiles files = WeightFiles.find(folder, "model", variant)) {
            return new T5Encoder(config, Weights.of(files, type, device));
        }
    }

    public T5Config config() {
        return config;
    }

    /** The tensors of the network. */
    public Network network() {
        return network;
    }

    /**
     * Encodes prompts.
     *
     * @param ids (B, N), I64, padding included: nothing is masked
     * @return hidden states (B, N, D) in F32, in the caller's scope
     * @throws IllegalArgumentException if an id is outside the vocabulary
     */
    public Tensor encode(Tensor ids) {
        Arrays.stream(ids.toLongs())
                .filter(id -> id < 0 || id >= config.vocabulary())
                .findFirst()
                .ifPresent(id -> {
                    throw new IllegalArgumentException(
                            "token id " + id + " is outside the text encoder's vocabulary of " + config.vocabulary());
                });
        return Autograd.withoutGrad(() -> TensorScope.of(() -> {
            Tensor bias = positionBias(ids.size(1));
            Tensor x = Ops.embedding(embedding, ids.to(network.device())); // (B, N, D)
            for (Block block : blocks) {
                Tensor input = x;
                x = TensorScope.of(() -> block.forward(input, bias));
            }
            return Ops.rmsNorm(x, finalNorm, config.eps()).to(ElementType.F32);
        }));
    }

    /** The learned bias of each head for each pair of positions, (1, S, N, N). */
    private Tensor positionBias(long tokens) {
        int n = Math.toIntExact(tokens);
        long[] buckets = new long[n * n];
        for (int query = 0; query < n; query++) {
            for (int key = 0; key < n; key++) {
                buckets[query * n + key] = bucket(key - query, config.buckets(), config.maxDistance());
            }
        }
        Tensor ids = Tensor.of(buckets, n, n).to(network.device());
        return Ops.embedding(relativeBias, ids) // (N, N, S)
                .permute(2, 0, 1) // (S, N, N)
                .unsqueeze(0); // (1, S, N, N)
    }

    /**
     * The bucket of a relative position, key - query: half of the buckets for each direction, of which half hold one
     * distance each and the rest grow logarithmically up to {@code maxDistance}.
     */
    static int bucket(int relative, int buckets, int maxDistance) {
        int perDirection = buckets / 2;
        int exact = perDirection / 2;
        int direction = relative > 0 ? perDirection : 0;
        int distance = Math.abs(relative);
        if (distance < exact) {
            return direction + distance;
        }
        double position = Math.log((double) distance / exact) / Math.log((double) maxDistance / exact);
        return direction + Math.min(exact + (int) (position * (perDirection - exact)), perDirection - 1);
    }

    @Override
    public void close() {
        network.close();
    }

    /** One pre-norm block. */
    private final class Block {
        private final Tensor attentionNorm;
        private final Linear q;
        private final Linear k;
        private final Linear v;
        private final Linear o;
        private final Tensor feedForwardNorm;
        private final Linear in;
        private final @Nullable Linear gated;
        private final Linear out;

        Block(Weights layer) {
            long features = config.features();
            long all = (long) config.heads() * config.headFeatures();
            Weights attention = layer.at(0).at("SelfAttention");
            this.q = Linear.withoutBias(attention.at("q"), features, all);
            this.k = Linear.withoutBias(attention.at("k"), features, all);
            this.v = Linear.withoutBias(attention.at("v"), features, all);
            this.o = Linear.withoutBias(attention.at("o"), all, features);
            this.attentionNorm = layer.at(0).at("layer_norm").tensor("weight", features);
            Weights feedForward = layer.at(1).at("DenseReluDense");
            this.in = Linear.withoutBias(feedForward.at(config.gated() ? "wi_0" : "wi"), features, config.inner());
            this.gated = config.gated() ? Linear.withoutBias(feedForward.at("wi_1"), features, config.inner()) : null;
            this.out = Linear.withoutBias(feedForward.at("wo"), config.inner(), features);
            this.feedForwardNorm = layer.at(1).at("layer_norm").tensor("weight", features);
        }

        Tensor forward(Tensor x, Tensor bias) {
            Tensor h = x.add(attention(Ops.rmsNorm(x, attentionNorm, config.eps()), bias));
            return h.add(feedForward(Ops.rmsNorm(h, feedForwardNorm, config.eps())));
        }

        /** Scores are not scaled: T5 has 1/sqrt(d) in its initialisation. */
        private Tensor attention(Tensor x, Tensor bias) {
            Tensor y = Ops.biasedAttention(
                    heads(q.forward(x)), heads(k.forward(x)), heads(v.forward(x)), bias, 1); // (B, S, N, d)
            return o.forward(y.transpose(1, 2).reshape(x.size(0), x.size(1), q.out())); // (B, N, D)
        }

        /** (B, N, S d) to (B, S, N, d). */
        private Tensor heads(Tensor x) {
            return x.reshape(x.size(0), x.size(1), config.heads(), config.headFeatures())
                    .transpose(1, 2);
        }

        private Tensor feedForward(Tensor x) {
            Tensor h = config.activation().apply(in.forward(x)); // (B, N, F)
            return out.forward(gated == null ? h : h.mul(gated.forward(x))); // (B, N, D)
        }
    }
}
