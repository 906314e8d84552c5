package dev.realalign.diffusion.unet;

import dev.realalign.diffusion.JsonConfig;
import dev.realalign.diffusion.denoiser.Conditioning;
import dev.realalign.diffusion.denoiser.Denoiser;
import dev.realalign.diffusion.lora.Adapter;
import dev.realalign.diffusion.nn.Activation;
import dev.realalign.diffusion.nn.Attention;
import dev.realalign.diffusion.nn.Conv2d;
import dev.realalign.diffusion.nn.GroupNorm;
import dev.realalign.diffusion.nn.LayerNorm;
import dev.realalign.diffusion.nn.Linear;
import dev.realalign.diffusion.nn.Network;
import dev.realalign.diffusion.nn.Parameter;
import dev.realalign.diffusion.nn.WeightFiles;
import dev.realalign.diffusion.nn.Weights;
import dev.realalign.diffusion.tensor.Autograd;
import dev.realalign.diffusion.tensor.Device;
import dev.realalign.diffusion.tensor.ElementType;
import dev.realalign.diffusion.tensor.Ops;
import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.diffusion.tensor.TensorScope;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * UNet2DConditionModel (Rombach et al. 2022, arXiv 2112.10752): residual blocks and transformers down to a quarter or an eighth of the size, a middle,
 * and up again with skip connections.
 *
 * <p>Shapes: B samples, C channels, H height, W width, N = H W tokens, D = C features, M prompt tokens of E features, T features of the time embedding.
 */
public final class UNet2DConditionModel implements Denoiser {
    private final UNet2DConditionConfig config;
    private final Conv2d convIn;
    private final TimeEmbedding timeEmbedding;
    private final @Nullable TimeEmbedding addEmbedding;
    private final List<DownBlock> downBlocks = new ArrayList<>();
    private final ResnetBlock midResnet1;
    private final Transformer2D midAttention;
    private final ResnetBlock midResnet2;
    private final List<UpBlock> upBlocks = new ArrayList<>();
    private final GroupNorm normOut;
    private final Conv2d convOut;
    private final Network network;
    private final String digest;

    /**
     * Builds the network.
     *
     * @param digest what identifies the weights, see {@link Denoiser#digest()}
     * @throws dev.realalign.diffusion.ModelFormatException if the weights do not fit the configuration
     */
    public UNet2DConditionModel(UNet2DConditionConfig config, Weights weights, String digest) {
        this.config = config;
        this.digest = digest;
        List<Integer> channels = config.channels();
        int blocks = config.blocks();
        int first = channels.get(0);
        int last = channels.get(blocks - 1);
        this.convIn = Conv2d.same(weights.at("conv_in"), config.inChannels(), first, config.inKernel());
        this.timeEmbedding = new TimeEmbedding(weights.at("time_embedding"), first, config);
        this.addEmbedding = config.addition().equals(UNet2DConditionConfig.Addition.NONE)
                ? null
                : new TimeEmbedding(
                        weights.at("add_embedding"), config.addition().inputDim(), config);
        Deque<Integer> skips = new ArrayDeque<>(List.of(first));
        int width = first;
        for (int i = 0; i < blocks; i++) {
            downBlocks.add(new DownBlock(weights.at("down_blocks").at(i), config, i, width, skips));
            width = channels.get(i);
        }
        Weights mid = weights.at("mid_block");
        this.midResnet1 = new ResnetBlock(mid.at("resnets").at(0), config, last, last);
        this.midAttention = new Transformer2D(mid.at("attentions").at(0), config, blocks - 1);
        this.midResnet2 = new ResnetBlock(mid.at("resnets").at(1), config, last, last);
        for (int i = 0; i < blocks; i++) {
            upBlocks.add(new UpBlock(weights.at("up_blocks").at(i), config, i, width, skips));
            width = channels.get(blocks - 1 - i);
        }
        this.normOut = new GroupNorm(weights.at("conv_norm_out"), config.groups(), first, config.eps());
        this.convOut = Conv2d.same(weights.at("conv_out"), first, config.outChannels(), config.outKernel());
        this.network = new Network(weights);
    }

    /**
     * Loads a {@code unet} folder.
     *
     * @param variant {@code fp16} or the like to prefer, or null
     * @throws dev.realalign.diffusion.ModelFormatException naming the file and everything wrong with it
     */
    public static UNet2DConditionModel load(Path folder, @Nullable String variant, ElementType type, Device device) {
        Path configuration = folder.resolve("config.json");
        UNet2DConditionConfig config = JsonConfig.read(configuration, UNet2DConditionConfig::from);
        try (WeightFiles files = WeightFiles.find(folder, "diffusion_pytorch_model", variant)) {
            String digest = WeightFiles.sha256(files.paths());
            return Weights.of(files, type, device)
                    .build(configuration.toString(), weights -> new UNet2DConditionModel(config, weights, digest));
        }
    }

    @Override
    public Tensor predict(Tensor noisy, Tensor timesteps, Conditioning conditioning) {
        check(noisy, timesteps, conditioning);
        return TensorScope.of(() -> finish(trunk(noisy, timesteps, conditioning, 0)));
    }

    @Override
    public Supplier<Tensor> begin(List<Adapter> adapters, Tensor noisy, Tensor timesteps, Conditioning conditioning) {
        List<String> changed =
                adapters.stream().flatMap(adapter -> adapter.paths().stream()).toList();
        if (changed.stream().anyMatch(path -> path.contains("_embedding.") || path.equals("conv_in"))) { // first of all
            return () -> predict(noisy, timesteps, conditioning);
        }
        int blocks = 0;
        while (blocks < downBlocks.size() && untouched(blocks, changed)) {
            blocks++;
        }
        int shared = blocks;
        check(noisy, timesteps, conditioning);
        Trunk trunk = Autograd.withoutGrad(() -> trunk(noisy, timesteps, conditioning, shared));
        return () -> TensorScope.of(() -> finish(trunk));
    }

    private static boolean untouched(int downBlock, List<String> changed) {
        return changed.stream().noneMatch(path -> path.startsWith("down_blocks." + downBlock + "."));
    }

    private void check(Tensor noisy, Tensor timesteps, Conditioning conditioning) {
        long[] shape = noisy.shape();
        if (shape.length != 4 || shape[1] != config.inChannels()) {
            throw new IllegalArgumentException(
                    "the U-Net takes samples (B, " + config.inChannels() + ", H, W), not " + Arrays.toString(shape));
        }
        if (shape[2] % sizeFactor() != 0 || shape[3] % sizeFactor() != 0) {
            throw new IllegalArgumentException("the U-Net takes heights and widths that are multiples of "
                    + sizeFactor() + ", not " + shape[2] + " x " + shape[3]);
        }
        long[] context = conditioning.hiddenStates().shape();
        if (timesteps.count() != shape[0]
                || context.length != 3
                || context[0] != shape[0]
                || context[2] != config.crossAttention()) {
            throw new IllegalArgumentException(
                    "for " + shape[0] + " samples the U-Net takes as many timesteps and prompts (B, M, "
                            + config.crossAttention() + "), not " + Arrays.toString(timesteps.shape()) + " and "
                            + Arrays.toString(context));
        }
    }

    /** The activated time embedding, (B, T): every residual block takes it activated. */
    private Tensor embedTime(Tensor timesteps, Conditioning conditioning) {
        Tensor sinusoids = Ops.timestepEmbedding(
                timesteps.to(network.device()).reshape(-1),
                config.channels().get(0),
                config.cosFirst(),
                config.frequencyShift());
        Tensor embedded = timeEmbedding.forward(network.input(sinusoids));
        if (addEmbedding != null) {
            embedded = embedded.add(addEmbedding.forward(network.input(addition(conditioning))));
        }
        return config.activation().apply(embedded);
    }

    /** SDXL's second input: the pooled prompt and the sinusoids of six sizes, (B, P + 6 S). */
    private Tensor addition(Conditioning conditioning) {
        Tensor pooled = conditioning.pooled();
        Tensor timeIds = conditioning.timeIds();
        if (pooled == null || timeIds == null) {
            throw new IllegalArgumentException(
                    "this U-Net takes a pooled prompt and time ids beside the prompt (SDXL)");
        }
        Tensor sizes = Ops.timestepEmbedding(
                        timeIds.to(network.device()).reshape(-1),
                        config.addition().timeDim(),
                        config.cosFirst(),
                        config.frequencyShift())
                .reshape(timeIds.size(0), -1);
        return Ops.concatenate(List.of(pooled.to(network.device()).to(ElementType.F32), sizes), 1);
    }

    /**
     * A prediction that has come to a down block.
     *
     * @param temb the activated time embedding, (B, T)
     * @param context the prompts, (B, M, E)
     * @param skips the skip connections so far, the last of them first: what goes on is that one, too
     * @param blocks down blocks behind it
     */
    private record Trunk(Tensor temb, Tensor context, Deque<Tensor> skips, int blocks) {}

    private Trunk trunk(Tensor noisy, Tensor timesteps, Conditioning conditioning, int blocks) {
        Tensor temb = network.singleBlock(List.of(), none -> embedTime(timesteps, conditioning));
        Tensor context = network.input(conditioning.hiddenStates());
        Tensor x = network.singleBlock(List.of(network.input(noisy)), in -> inward(in.get(0))); // (B, C0, H, W)
        Deque<Tensor> skips = new ArrayDeque<>(List.of(x));
        for (DownBlock block : downBlocks.subList(0, blocks)) {
            x = block.forward(network, x, temb, context, skips);
        }
        return new Trunk(temb, context, skips, blocks);
    }

    private Tensor finish(Trunk trunk) {
        Tensor temb = trunk.temb();
        Tensor context = trunk.context();
        Deque<Tensor> skips = new ArrayDeque<>(trunk.skips());
        Tensor x = skips.element();
        for (DownBlock block : downBlocks.subList(trunk.blocks(), downBlocks.size())) {
            x = block.forward(network, x, temb, context, skips);
        }
        x = network.singleBlock(List.of(x, temb, context), in -> {
            Tensor h = midAttention.forward(midResnet1.forward(in.get(0), in.get(1)), in.get(2));
            return midResnet2.forward(h, in.get(1));
        });
        for (UpBlock block : upBlocks) {
            x = block.forward(network, x, temb, context, skips);
        }
        return network.singleBlock(List.of(x), in -> outward(in.get(0))) // (B, out, H, W)
                .to(ElementType.F32);
    }

    private Tensor inward(Tensor sample) {
        Tensor x = config.centerInputSample() ? sample.mul(2).add(-1) : sample;
        return convIn.forward(x);
    }

    private Tensor outward(Tensor x) {
        return convOut.forward(config.activation().apply(normOut.forward(x)));
    }

    @Override
    public String prefix() {
        return "unet";
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
    public int inChannels() {
        return config.inChannels();
    }

    @Override
    public int outChannels() {
        return config.outChannels();
    }

    @Override
    public int promptFeatures() {
        return config.crossAttention();
    }

    @Override
    public int nativeSize() {
        return config.sampleSize();
    }

    @Override
    public int sizeFactor() {
        return 1 << (config.blocks() - 1);
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
    public void checkpointBlocks(boolean enabled) {
        network.checkpointBlocks(enabled);
    }

    @Override
    public UNet2DConditionModel replica(Device device) {
        return new UNet2DConditionModel(config, Weights.sharing(network, device), digest);
    }

    public UNet2DConditionConfig config() {
        return config;
    }

    @Override
    public void close() {
        network.close();
    }

    /** Two linear layers over sinusoids: (B, C) to (B, T). */
    private static final class TimeEmbedding {
        private final Linear linear1;
        private final Linear linear2;
        private final Activation activation;

        TimeEmbedding(Weights weights, int in, UNet2DConditionConfig config) {
            this.linear1 = Linear.of(weights.at("linear_1"), in, config.timeEmbedding());
            this.linear2 = Linear.of(weights.at("linear_2"), config.timeEmbedding(), config.timeEmbedding());
            this.activation = config.activation();
        }

        Tensor forward(Tensor x) {
            return linear2.forward(activation.apply(linear1.forward(x)));
        }
    }

    /** ResnetBlock2D: two convolutions, the time added between them, around a skip connection. */
    private static final class ResnetBlock {
        private final GroupNorm norm1;
        private final Conv2d conv1;
        private final Linear timeProjection;
        private final GroupNorm norm2;
        private final Conv2d conv2;
        private final @Nullable Conv2d shortcut;
        private final Activation activation;
        private final int out;

        ResnetBlock(Weights weights, UNet2DConditionConfig config, int in, int out) {
            this.norm1 = new GroupNorm(weights.at("norm1"), config.groups(), in, config.eps());
            this.conv1 = Conv2d.same(weights.at("conv1"), in, out, 3);
            this.timeProjection = Linear.of(weights.at("time_emb_proj"), config.timeEmbedding(), out);
            this.norm2 = new GroupNorm(weights.at("norm2"), config.groups(), out, config.eps());
            this.conv2 = Conv2d.same(weights.at("conv2"), out, out, 3);
            this.shortcut = in == out ? null : Conv2d.same(weights.at("conv_shortcut"), in, out, 1);
            this.activation = config.activation();
            this.out = out;
        }

        Tensor forward(Tensor x, Tensor temb) { // (B, in, H, W), (B, T)
            Tensor h = conv1.forward(activation.apply(norm1.forward(x))); // (B, out, H, W)
            h = h.add(timeProjection.forward(temb).reshape(-1, out, 1, 1));
            h = conv2.forward(activation.apply(norm2.forward(h)));
            return h.add(shortcut == null ? x : shortcut.forward(x));
        }
    }

    /** Transformer2DModel: tokens of an image attend to each other and to the prompt. */
    private static final class Transformer2D {
        private static final double NORM_EPS = 1e-6;

        private final GroupNorm norm;
        private final Linear projIn;
        private final Linear projOut;
        private final List<TransformerBlock> blocks = new ArrayList<>();

        /** @param level the down block whose channels, heads and depth it has */
        Transformer2D(Weights weights, UNet2DConditionConfig config, int level) {
            int d = config.channels().get(level);
            this.norm = new GroupNorm(weights.at("norm"), config.groups(), d, NORM_EPS);
            this.projIn = projection(weights.at("proj_in"), config, d);
            for (int i = 0; i < config.transformers().get(level); i++) {
                blocks.add(new TransformerBlock(
                        weights.at("transformer_blocks").at(i),
                        d,
                        config.crossAttention(),
                        config.heads().get(level),
                        config.upcastAttention()));
            }
            this.projOut = projection(weights.at("proj_out"), config, d);
        }

        private static Linear projection(Weights weights, UNet2DConditionConfig config, int d) {
            return config.linearProjection() ? Linear.of(weights, d, d) : Linear.convolution(weights, d, d);
        }

        Tensor forward(Tensor x, Tensor context) { // (B, D, H, W), (B, M, E)
            long[] shape = x.shape();
            Tensor tokens = norm.forward(x).permute(0, 2, 3, 1).reshape(shape[0], -1, shape[1]); // (B, N, D)
            Tensor h = projIn.forward(tokens);
            for (TransformerBlock block : blocks) {
                Tensor before = h;
                h = TensorScope.of(() -> block.forward(before, context));
            }
            h = projOut.forward(h).reshape(shape[0], shape[2], shape[3], shape[1]); // (B, H, W, D)
            return h.permute(0, 3, 1, 2).contiguous().add(x); // (B, D, H, W)
        }
    }

    /** BasicTransformerBlock: self-attention, attention to the prompt, gated feed-forward, each around a skip connection. */
    private static final class TransformerBlock {
        private static final double NORM_EPS = 1e-5;

        private final LayerNorm norm1;
        private final Attention attn1;
        private final LayerNorm norm2;
        private final Attention attn2;
        private final LayerNorm norm3;
        private final Linear feedForwardIn;
        private final Linear feedForwardOut;

        TransformerBlock(Weights weights, int d, int context, int heads, boolean upcast) {
            this.norm1 = new LayerNorm(weights.at("norm1"), d, NORM_EPS);
            this.attn1 = new Attention(weights.at("attn1"), d, d, heads, upcast);
            this.norm2 = new LayerNorm(weights.at("norm2"), d, NORM_EPS);
            this.attn2 = new Attention(weights.at("attn2"), d, context, heads, upcast);
            this.norm3 = new LayerNorm(weights.at("norm3"), d, NORM_EPS);
            Weights net = weights.at("ff").at("net");
            this.feedForwardIn = Linear.of(net.at(0).at("proj"), d, 8L * d);
            this.feedForwardOut = Linear.of(net.at(2), 4L * d, d);
        }

        Tensor forward(Tensor x, Tensor context) { // (B, N, D), (B, M, E)
            Tensor n = norm1.forward(x);
            Tensor h = x.add(attn1.forward(n, n));
            h = h.add(attn2.forward(norm2.forward(h), context));
            return h.add(feedForwardOut.forward(Ops.geglu(feedForwardIn.forward(norm3.forward(h)))));
        }
    }

    /** DownBlock2D and CrossAttnDownBlock2D. */
    private static final class DownBlock {
        private final List<ResnetBlock> resnets = new ArrayList<>();
        private final List<Transformer2D> attentions = new ArrayList<>();
        private final @Nullable Conv2d downsampler;

        /** @param skips channels of the skip connections so far; this block's are pushed */
        DownBlock(Weights weights, UNet2DConditionConfig config, int level, int in, Deque<Integer> skips) {
            int out = config.channels().get(level);
            for (int i = 0; i < config.layers().get(level); i++) {
                resnets.add(new ResnetBlock(weights.at("resnets").at(i), config, i == 0 ? in : out, out));
                if (config.downAttention().get(level)) {
                    attentions.add(new Transformer2D(weights.at("attentions").at(i), config, level));
                }
                skips.push(out);
            }
            if (level < config.blocks() - 1) {
                Weights conv = weights.at("downsamplers").at(0).at("conv");
                downsampler = Conv2d.of(conv, out, out, 3, 2, config.downsamplePadding());
                skips.push(out);
            } else {
                downsampler = null;
            }
        }

        Tensor forward(Network network, Tensor input, Tensor temb, Tensor context, Deque<Tensor> skips) {
            Tensor x = input;
            for (int i = 0; i < resnets.size(); i++) {
                ResnetBlock resnet = resnets.get(i);
                Transformer2D attention = attentions.isEmpty() ? null : attentions.get(i);
                x = network.singleBlock(
                        List.of(x, temb, context), in -> layer(resnet, attention, in.get(0), in.get(1), in.get(2)));
                skips.push(x);
            }
            if (downsampler != null) {
                Conv2d conv = downsampler;
                x = network.singleBlock(List.of(x), in -> conv.forward(in.get(0))); // (B, out, H / 2, W / 2)
                skips.push(x);
            }
            return x;
        }
    }

    /** UpBlock2D and CrossAttnUpBlock2D. */
    private static final class UpBlock {
        private final List<ResnetBlock> resnets = new ArrayList<>();
        private final List<Transformer2D> attentions = new ArrayList<>();
        private final @Nullable Conv2d upsampler;

        /** @param skips channels of the skip connections; this block pops its own */
        UpBlock(Weights weights, UNet2DConditionConfig config, int index, int in, Deque<Integer> skips) {
            int level = config.blocks() - 1 - index;
            int out = config.channels().get(level);
            for (int i = 0; i < config.layers().get(level) + 1; i++) {
                int width = (i == 0 ? in : out) + skips.pop();
                resnets.add(new ResnetBlock(weights.at("resnets").at(i), config, width, out));
                if (config.upAttention().get(index)) {
                    attentions.add(new Transformer2D(weights.at("attentions").at(i), config, level));
                }
            }
            upsampler = level > 0 ? Conv2d.same(weights.at("upsamplers").at(0).at("conv"), out, out, 3) : null;
        }

        Tensor forward(Network network, Tensor input, Tensor temb, Tensor context, Deque<Tensor> skips) {
            return TensorScope.of(() -> {
                Tensor x = input;
                for (int i = 0; i < resnets.size(); i++) {
                    ResnetBlock resnet = resnets.get(i);
                    Transformer2D attention = attentions.isEmpty() ? null : attentions.get(i);
                    x = network.singleBlock(List.of(x, skips.pop(), temb, context), in -> {
                        Tensor joined = Ops.concatenate(in.subList(0, 2), 1);
                        return layer(resnet, attention, joined, in.get(2), in.get(3));
                    });
                }
                if (upsampler == null) {
                    return x;
                }
                Conv2d conv = upsampler;
                return network.singleBlock(List.of(x), in -> conv.forwardUpsampled(in.get(0))); // (B, out, 2 H, 2 W)
            });
        }
    }

    /** A residual block and, where there is one, the transformer after it. */
    private static Tensor layer(
            ResnetBlock resnet, @Nullable Transformer2D attention, Tensor x, Tensor temb, Tensor context) {
        Tensor h = resnet.forward(x, temb);
        return attention == null ? h : attention.forward(h, context);
    }
}
