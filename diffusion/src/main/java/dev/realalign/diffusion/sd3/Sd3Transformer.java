package dev.realalign.diffusion.sd3;

import dev.realalign.diffusion.JsonConfig;
import dev.realalign.diffusion.denoiser.Conditioning;
import dev.realalign.diffusion.denoiser.Denoiser;
import dev.realalign.diffusion.nn.Conv2d;
import dev.realalign.diffusion.nn.Linear;
import dev.realalign.diffusion.nn.Network;
import dev.realalign.diffusion.nn.Parameter;
import dev.realalign.diffusion.nn.WeightFiles;
import dev.realalign.diffusion.nn.Weights;
import dev.realalign.diffusion.tensor.Device;
import dev.realalign.diffusion.tensor.ElementType;
import dev.realalign.diffusion.tensor.Ops;
import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.diffusion.tensor.TensorScope;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * {@code SD3Transformer2DModel}: image patches and prompt tokens in two streams with weights of their own, which attend
 * jointly; timestep and pooled prompt modulate every layer (Esser et al. 2024, arXiv 2403.03206).
 *
 * <p>Shapes: B samples, C channels, H and W of the latents, p side of a patch, N = (H/p) (W/p) image tokens, M prompt
 * tokens, D features, S heads of d features.
 */
public final class Sd3Transformer implements Denoiser {

    private static final double EPS = 1e-6;
    private static final int TIMESTEP_FEATURES = 256;

    private final Sd3Config config;
    private final Network network;
    private final String digest;
    private final Tensor positions;
    private final Conv2d patches;
    private final Linear timestepIn;
    private final Linear timestepOut;
    private final Linear pooledIn;
    private final Linear pooledOut;
    private final Linear contextIn;
    private final List<Block> blocks = new ArrayList<>();
    private final Linear modulateOut;
    private final Linear out;

    /**
     * Builds the network.
     *
     * @param digest what {@link #digest()} says
     * @throws dev.realalign.diffusion.ModelFormatException listing every tensor that does not fit
     */
    public Sd3Transformer(Sd3Config config, Weights weights, String digest) {
        this.config = config;
        this.digest = digest;
        long features = config.features();
        Weights embed = weights.at("pos_embed");
        this.positions = embed.tensor("pos_embed", 1, (long) config.positions() * config.positions(), features);
        this.patches = Conv2d.of(embed.at("proj"), config.inChannels(), features, config.patch(), config.patch(), 0);
        Weights time = weights.at("time_text_embed");
        this.timestepIn = Linear.of(time.at("timestep_embedder").at("linear_1"), TIMESTEP_FEATURES, features);
        this.timestepOut = Linear.of(time.at("timestep_embedder").at("linear_2"), features, features);
        this.pooledIn = Linear.of(time.at("text_embedder").at("linear_1"), config.pooledFeatures(), features);
        this.pooledOut = Linear.of(time.at("text_embedder").at("linear_2"), features, features);
        this.contextIn = Linear.of(weights.at("context_embedder"), config.jointFeatures(), features);
        for (int i = 0; i < config.layers(); i++) {
            Weights block = weights.at("transformer_blocks").at(i);
            blocks.add(new Block(
                    config, block, i == config.layers() - 1, config.dualLayers().contains(i)));
        }
        this.modulateOut = Linear.of(weights.at("norm_out").at("linear"), features, 2 * features);
        long patchValues = (long) config.patch() * config.patch() * config.outChannels();
        this.out = Linear.of(weights.at("proj_out"), features, patchValues);
        this.network = new Network(weights);
    }

    /**
     * Loads a {@code transformer} folder.
     *
     * @param variant {@code fp16} or the like to prefer; null for the plain files
     */
    public static Sd3Transformer load(Path folder, @Nullable String variant, ElementType type, Device device) {
        Sd3Config config = JsonConfig.read(folder.resolve("config.json"), Sd3Config::from);
        try (WeightFiles files = WeightFiles.find(folder, "diffusion_pytorch_model", variant)) {
            return new Sd3Transformer(config, Weights.of(files, type, device), WeightFiles.sha256(files.paths()));
        }
    }

    public Sd3Config config() {
        return config;
    }

    @Override
    public Tensor predict(Tensor noisy, Tensor timesteps, Conditioning conditioning) {
        check(noisy, timesteps, conditioning);
        Tensor pooled = conditioning.pooled();
        if (pooled == null) {
            throw new IllegalArgumentException("this network needs the pooled vector of the prompt");
        }
        return TensorScope.of(() -> {
            long rows = noisy.size(2) / config.patch();
            long columns = noisy.size(3) / config.patch();
            Tensor condition = network.singleBlock(
                    List.of(timesteps, pooled), in -> condition(in.get(0), network.input(in.get(1)))); // (B, D)
            Tensor image = network.singleBlock(
                    List.of(network.input(noisy)), in -> tokens(in.get(0), rows, columns)); // (B, N, D)
            Tensor prompt = network.singleBlock(
                    List.of(network.input(conditioning.hiddenStates())),
                    in -> contextIn.forward(in.get(0))); // (B, M, D)
            for (Block block : blocks) {
                List<Tensor> before = List.of(image, prompt, condition);
                List<Tensor> written = network.block(before, in -> block.forward(in.get(0), in.get(1), in.get(2)));
                image.close();
                prompt.close();
                image = written.get(0);
                prompt = written.get(written.size() - 1); // the last block writes the image only
            }
            return network.singleBlock(
                            List.of(image, condition),
                            in -> outward(in.get(0), in.get(1), rows, columns)) // (B, C, H, W)
                    .to(ElementType.F32);
        });
    }

    private void check(Tensor noisy, Tensor timesteps, Conditioning conditioning) {
        if (noisy.rank() != 4
                || noisy.size(1) != config.inChannels()
                || noisy.size(2) % config.patch() != 0
                || noisy.size(3) % config.patch() != 0) {
            throw new IllegalArgumentException("a sample must be (B, " + config.inChannels()
                    + ", H, W) with H and W multiples of " + config.patch() + ", but is " + noisy);
        }
        if (timesteps.count() != noisy.size(0) || conditioning.batch() != noisy.size(0)) {
            throw new IllegalArgumentException(noisy.size(0) + " samples need as many timesteps and prompts, not "
                    + timesteps.count() + " and " + conditioning.batch());
        }
        if (conditioning.hiddenStates().size(2) != config.jointFeatures()) {
            throw new IllegalArgumentException("a prompt must have " + config.jointFeatures() + " features, but is "
                    + conditioning.hiddenStates());
        }
    }

    /** (B, C, H, W) to (B, N, D). */
    private Tensor tokens(Tensor noisy, long rows, long columns) {
        return patches.forward(noisy) // (B, D, H/p, W/p)
                .reshape(noisy.size(0), config.features(), rows * columns) // (B, D, N)
                .transpose(1, 2) // (B, N, D)
                .add(positions(rows, columns));
    }

    /** (B, N, D) to (B, C, H, W). */
    private Tensor outward(Tensor x, Tensor condition, long rows, long columns) {
        List<Tensor> scaleShift = Ops.chunk(modulateOut.forward(Ops.silu(condition)), 2, 1);
        Tensor normed = modulated(x, scaleShift.get(1), scaleShift.get(0)); // (B, N, D)
        return unpatched(out.forward(normed), x.size(0), rows, columns);
    }

    /** What modulates every layer: timestep (B) and pooled prompt (B, P) to (B, D). */
    private Tensor condition(Tensor timesteps, Tensor pooled) {
        Tensor waves = Ops.timestepEmbedding(timesteps.to(network.device()).reshape(-1), TIMESTEP_FEATURES, true, 0)
                .to(network.type()); // (B, 256)
        Tensor time = timestepOut.forward(Ops.silu(timestepIn.forward(waves)));
        return time.add(pooledOut.forward(Ops.silu(pooledIn.forward(pooled))));
    }

    /** The middle of the grid of positions, as large as the image: (1, N, D). */
    private Tensor positions(long rows, long columns) {
        long side = config.positions();
        if (rows > side || columns > side) {
            long most = side * config.patch();
            throw new IllegalArgumentException("latents of " + rows * config.patch() + " x " + columns * config.patch()
                    + " are larger than the network's positions allow, " + most + " x " + most);
        }
        long top = (side - rows) / 2;
        long left = (side - columns) / 2;
        return positions
                .reshape(1, side, side, config.features())
                .slice(1, top, top + rows)
                .slice(2, left, left + columns) // (1, H/p, W/p, D)
                .reshape(1, rows * columns, config.features());
    }

    /** (B, N, p p C) to (B, C, H, W). */
    private Tensor unpatched(Tensor x, long batch, long rows, long columns) {
        long p = config.patch();
        return x.reshape(batch, rows, columns, p, p, config.outChannels())
                .permute(0, 5, 1, 3, 2, 4) // (B, C, H/p, p, W/p, p)
                .reshape(batch, config.outChannels(), rows * p, columns * p);
    }

    /** LayerNorm without weights, then scale and shift (B, D) for all tokens: (B, N, D) to (B, N, D). */
    private static Tensor modulated(Tensor x, Tensor shift, Tensor scale) {
        return Ops.layerNorm(x, null, null, EPS).mul(scale.unsqueeze(1).add(1)).add(shift.unsqueeze(1));
    }

    /** The image's tokens (B, N, D) and the prompt's (B, M, D). */
    private record Streams(Tensor image, Tensor prompt) {}

    /** One layer of both streams. The last one only reads the prompt. */
    private static final class Block {
        private final boolean last;
        private final Linear modulateImage;
        private final Linear modulatePrompt;
        private final JointAttention attention;
        private final @Nullable JointAttention imageAttention;
        private final FeedForward feedForward;
        private final @Nullable FeedForward promptFeedForward;

        Block(Sd3Config config, Weights weights, boolean last, boolean dual) {
            long features = config.features();
            this.last = last;
            this.modulateImage = Linear.of(weights.at("norm1").at("linear"), features, (dual ? 9 : 6) * features);
            this.modulatePrompt =
                    Linear.of(weights.at("norm1_context").at("linear"), features, (last ? 2 : 6) * features);
            this.attention = new JointAttention(config, weights.at("attn"), true, !last);
            this.imageAttention = dual ? new JointAttention(config, weights.at("attn2"), false, false) : null;
            this.feedForward = new FeedForward(weights.at("ff"), features);
            this.promptFeedForward = last ? null : new FeedForward(weights.at("ff_context"), features);
        }

        /** image (B, N, D) and prompt (B, M, D) to the same; the last block gives the image only. */
        List<Tensor> forward(Tensor image, Tensor prompt, Tensor condition) {
            Tensor activated = Ops.silu(condition);
            // each (B, D); published order: shift, scale, gate of attention, then of the feed-forward layer, then of
            // attn2
            List<Tensor> ofImage = Ops.chunk(modulateImage.forward(activated), imageAttention == null ? 6 : 9, 1);
            List<Tensor> ofPrompt = Ops.chunk(modulatePrompt.forward(activated), last ? 2 : 6, 1);
            Tensor x = modulated(image, ofImage.get(0), ofImage.get(1));
            Tensor c = last // the last block's norm has scale before shift
                    ? modulated(prompt, ofPrompt.get(1), ofPrompt.get(0))
                    : modulated(prompt, ofPrompt.get(0), ofPrompt.get(1));
            Streams attended = attention.forward(x, c);

            Tensor h = gated(image, ofImage.get(2), attended.image());
            if (imageAttention != null) {
                Tensor again = modulated(image, ofImage.get(6), ofImage.get(7));
                h = gated(h, ofImage.get(8), imageAttention.forward(again));
            }
            h = gated(h, ofImage.get(5), feedForward.forward(modulated(h, ofImage.get(3), ofImage.get(4))));
            if (promptFeedForward == null) {
                return List.of(h);
            }
            Tensor e = gated(prompt, ofPrompt.get(2), attended.prompt());
            e = gated(e, ofPrompt.get(5), promptFeedForward.forward(modulated(e, ofPrompt.get(3), ofPrompt.get(4))));
            return List.of(h, e);
        }

        /** x + gate y, the gate (B, D) for all tokens. */
        private static Tensor gated(Tensor x, Tensor gate, Tensor y) {
            return x.add(gate.unsqueeze(1).mul(y));
        }
    }

    /** Attention over the tokens of both streams together, or of the image alone. */
    private static final class JointAttention {
        private final int heads;
        private final Projections image;
        private final @Nullable Projections prompt;
        private final Linear imageOut;
        private final @Nullable Linear promptOut;

        /**
         * @param joint whether the prompt takes part
         * @param writesPrompt whether its tokens are written too
         */
        JointAttention(Sd3Config config, Weights weights, boolean joint, boolean writesPrompt) {
            long features = config.features();
            this.heads = config.heads();
            this.image = new Projections(config, weights, List.of("to_q", "to_k", "to_v"), List.of("norm_q", "norm_k"));
            this.prompt = joint
                    ? new Projections(
                            config,
                            weights,
                            List.of("add_q_proj", "add_k_proj", "add_v_proj"),
                            List.of("norm_added_q", "norm_added_k"))
                    : null;
            this.imageOut = Linear.of(weights.at("to_out").at(0), features, features);
            this.promptOut = writesPrompt ? Linear.of(weights.at("to_add_out"), features, features) : null;
        }

        /** Tokens of the image attend to each other: (B, N, D) to (B, N, D). */
        Tensor forward(Tensor x) {
            return imageOut.forward(Ops.multiHeadAttention(image.q(x), image.k(x), image.v(x), heads, false));
        }

        /** All tokens attend to all; the prompt's come back as they were if they are not written. */
        Streams forward(Tensor x, Tensor c) {
            if (prompt == null) {
                throw new IllegalStateException("this attention has no prompt stream");
            }
            Tensor q = Ops.concatenate(List.of(image.q(x), prompt.q(c)), 1); // (B, N + M, D)
            Tensor k = Ops.concatenate(List.of(image.k(x), prompt.k(c)), 1);
            Tensor v = Ops.concatenate(List.of(image.v(x), prompt.v(c)), 1);
            Tensor y = Ops.multiHeadAttention(q, k, v, heads, false); // (B, N + M, D)
            long tokens = x.size(1);
            Tensor ofImage = imageOut.forward(y.slice(1, 0, tokens));
            return new Streams(
                    ofImage, promptOut == null ? c : promptOut.forward(y.slice(1, tokens, tokens + c.size(1))));
        }
    }

    /** Queries, keys and values of one stream, (B, N, D) each; queries and keys normalised per head in SD3.5. */
    private static final class Projections {
        private final long headFeatures;
        private final Linear toQ;
        private final Linear toK;
        private final Linear toV;
        private final @Nullable Parameter normQ;
        private final @Nullable Parameter normK;

        Projections(Sd3Config config, Weights weights, List<String> linears, List<String> norms) {
            long features = config.features();
            this.headFeatures = config.headFeatures();
            this.toQ = Linear.of(weights.at(linears.get(0)), features, features);
            this.toK = Linear.of(weights.at(linears.get(1)), features, features);
            this.toV = Linear.of(weights.at(linears.get(2)), features, features);
            this.normQ = config.qkNorm() ? weights.at(norms.get(0)).parameter("weight", headFeatures) : null;
            this.normK = config.qkNorm() ? weights.at(norms.get(1)).parameter("weight", headFeatures) : null;
        }

        Tensor q(Tensor x) {
            return normalised(toQ.forward(x), normQ);
        }

        Tensor k(Tensor x) {
            return normalised(toK.forward(x), normK);
        }

        Tensor v(Tensor x) {
            return toV.forward(x);
        }

        private Tensor normalised(Tensor x, @Nullable Parameter norm) {
            if (norm == null) {
                return x;
            }
            Tensor perHead = x.reshape(x.size(0), x.size(1), x.size(2) / headFeatures, headFeatures); // (B, N, S, d)
            return Ops.rmsNorm(perHead, norm.inUse(), EPS).reshape(x.shape()); // (B, N, D)
        }
    }

    /** D to 4 D and back, tanh-approximated gelu between. */
    private static final class FeedForward {
        private final Linear in;
        private final Linear out;

        FeedForward(Weights weights, long features) {
            this.in = Linear.of(weights.at("net").at(0).at("proj"), features, 4 * features);
            this.out = Linear.of(weights.at("net").at(2), 4 * features, features);
        }

        Tensor forward(Tensor x) {
            return out.forward(Ops.geluTanh(in.forward(x)));
        }
    }

    @Override
    public int inChannels() {
        return config.inChannels();
    }

    @Override
    public int outChannels() {
        return config.outChannels();
    }

    @Override
    public int promptFeatures() {
        return config.jointFeatures();
    }

    @Override
    public int nativeSize() {
        return config.sampleSize();
    }

    @Override
    public int sizeFactor() {
        return config.patch();
    }

    @Override
    public String digest() {
        return digest;
    }

    @Override
    public ElementType type() {
        return network.type();
    }

    @Override
    public Device device() {
        return network.device();
    }

    @Override
    public Map<String, Tensor> parameters() {
        return network.tensors();
    }

    @Override
    public String prefix() {
        return "transformer";
    }

    @Override
    public Map<String, Linear> linears() {
        return network.linears();
    }

    @Override
    public Map<String, Parameter> trainable() {
        return network.parameters();
    }

    @Override
    public void checkpointBlocks(boolean enabled) {
        network.checkpointBlocks(enabled);
    }

    @Override
    public Sd3Transformer replica(Device device) {
        return new Sd3Transformer(config, Weights.sharing(network, device), digest);
    }

    @Override
    public void close() {
        network.close();
    }
}
