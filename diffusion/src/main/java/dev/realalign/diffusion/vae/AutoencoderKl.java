package dev.realalign.diffusion.vae;

import dev.realalign.diffusion.JsonConfig;
import dev.realalign.diffusion.nn.Activation;
import dev.realalign.diffusion.nn.Conv2d;
import dev.realalign.diffusion.nn.GroupNorm;
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
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * {@code AutoencoderKL}, the autoencoder of latent diffusion (Rombach et al. 2021, arXiv 2112.10752), with 4 or 16 latent
 * channels.
 *
 * <p>Images above 1024 x 1024 pixels are worked on in overlapping tiles, which bounds the memory in use.
 *
 * <p>Shapes: B images, C channels, H and W of the scale at hand, L latent channels.
 */
public final class AutoencoderKl implements Autoencoder {

    private static final double EPS = 1e-6;
    private static final double MIN_LOGVAR = -30;
    private static final double MAX_LOGVAR = 20;
    private static final long LARGE_PIXELS = 1024L * 1024;
    private static final int TILE_PIXELS = 512;

    private final AutoencoderKlConfig config;
    private final Network network;
    private final Encoder encoder;
    private final Decoder decoder;
    private final @Nullable Conv2d quant;
    private final @Nullable Conv2d postQuant;

    /**
     * Builds the network.
     *
     * @throws dev.realalign.diffusion.ModelFormatException listing every tensor that does not fit
     */
    public AutoencoderKl(AutoencoderKlConfig config, Weights weights) {
        this.config = config;
        int latents = config.latentChannels();
        this.encoder = new Encoder(config, weights.at("encoder"));
        this.decoder = new Decoder(config, weights.at("decoder"));
        this.quant = config.quantConv() ? Conv2d.same(weights.at("quant_conv"), 2L * latents, 2L * latents, 1) : null;
        this.postQuant =
                config.postQuantConv() ? Conv2d.same(weights.at("post_quant_conv"), latents, latents, 1) : null;
        this.network = new Network(weights);
    }

    /**
     * Loads a {@code vae} folder, in F32 whatever is stored.
     *
     * @param variant {@code fp16} or the like to prefer; null for the plain files
     */
    public static AutoencoderKl load(Path folder, @Nullable String variant, Device device) {
        AutoencoderKlConfig config = JsonConfig.read(folder.resolve("config.json"), AutoencoderKlConfig::from);
        try (WeightFiles files = WeightFiles.find(folder, "diffusion_pytorch_model", variant)) {
            return new AutoencoderKl(config, Weights.of(files, ElementType.F32, device));
        }
    }

    @Override
    public Posterior encode(Tensor images) {
        return encode(images, tile(images.size(2) * images.size(3)));
    }

    /** As {@link #encode(Tensor)}, in tiles of so many latents along each side. */
    Posterior encode(Tensor images, int tile) {
        int factor = factor();
        if (images.rank() != 4
                || images.size(1) != config.channels()
                || images.size(2) % factor != 0
                || images.size(3) % factor != 0) {
            throw new IllegalArgumentException("images must be (B, " + config.channels()
                    + ", H, W) with H and W multiples of " + factor + ", but are " + images);
        }
        List<Tensor> moments = frozen(() -> {
            Tensor both = new Tiles(tile, factor, 1).map(network.input(images), this::moments);
            List<Tensor> halves = Ops.chunk(both, 2, 1); // (B, L, H/f, W/f) each
            return List.of(halves.get(0).contiguous(), halves.get(1).clamp(MIN_LOGVAR, MAX_LOGVAR));
        });
        return new Posterior(moments.get(0), moments.get(1));
    }

    /** (B, 3, H, W) to (B, 2 L, H/f, W/f). */
    private Tensor moments(Tensor images) {
        Tensor h = encoder.forward(images);
        return quant == null ? h : quant.forward(h);
    }

    @Override
    public Tensor scaled(Tensor z) {
        return TensorScope.of(() -> z.add(-config.shiftFactor()).mul(config.scalingFactor()));
    }

    @Override
    public Tensor decode(Tensor latents) {
        return decode(latents, tile(latents.size(2) * latents.size(3) * factor() * factor()));
    }

    /** As {@link #decode(Tensor)}, in tiles of so many latents along each side. */
    Tensor decode(Tensor latents, int tile) {
        if (latents.rank() != 4 || latents.size(1) != config.latentChannels()) {
            throw new IllegalArgumentException(
                    "latents must be (B, " + config.latentChannels() + ", H, W), but are " + latents);
        }
        return frozen(() -> {
                    Tensor z = network.input(latents)
                            .mul(1 / config.scalingFactor())
                            .add(config.shiftFactor());
                    return List.of(new Tiles(tile, 1, factor()).map(z, this::images));
                })
                .get(0);
    }

    /** (B, L, H/f, W/f) to (B, 3, H, W). */
    private Tensor images(Tensor z) {
        return decoder.forward(postQuant == null ? z : postQuant.forward(z));
    }

    /** Side of a tile in latents: 512 pixels for large images, unbounded for others. */
    private int tile(long pixels) {
        return pixels > LARGE_PIXELS ? TILE_PIXELS / factor() : Integer.MAX_VALUE;
    }

    private interface Results {
        List<Tensor> get();
    }

    private static List<Tensor> frozen(Results results) {
        return Autograd.withoutGrad(() -> TensorScope.ofAll(results::get));
    }

    @Override
    public int latentChannels() {
        return config.latentChannels();
    }

    @Override
    public int factor() {
        return config.factor();
    }

    public AutoencoderKlConfig config() {
        return config;
    }

    /** The tensors of the network. */
    public Network network() {
        return network;
    }

    @Override
    public void close() {
        network.close();
    }

    /** Runs a stage in a scope of its own. */
    private static Tensor scoped(UnaryOperator<Tensor> stage, Tensor x) {
        return TensorScope.of(() -> stage.apply(x));
    }

    /** Images to moments: halves the size between scales. */
    private static final class Encoder {
        private final Conv2d in;
        private final List<UnaryOperator<Tensor>> stages = new ArrayList<>();
        private final GroupNorm normOut;
        private final Activation activation;
        private final Conv2d out;

        Encoder(AutoencoderKlConfig config, Weights weights) {
            List<Integer> widths = config.widths();
            int last = widths.get(widths.size() - 1);
            this.in = Conv2d.same(weights.at("conv_in"), config.channels(), widths.get(0), 3);
            int width = widths.get(0);
            for (int scale = 0; scale < widths.size(); scale++) {
                Weights block = weights.at("down_blocks").at(scale);
                for (int i = 0; i < config.layers(); i++) {
                    stages.add(new Resnet(config, block.at("resnets").at(i), width, widths.get(scale))::forward);
                    width = widths.get(scale);
                }
                if (scale < widths.size() - 1) {
                    Conv2d half = Conv2d.of(block.at("downsamplers").at(0).at("conv"), width, width, 3, 2, 0);
                    stages.add(x -> half.forward(Ops.pad(x, 0, 0, 1, 0, 1))); // one column right, one row below
                }
            }
            stages.addAll(middle(config, weights.at("mid_block"), last));
            this.normOut = new GroupNorm(weights.at("conv_norm_out"), config.groups(), last, EPS);
            this.activation = config.activation();
            this.out = Conv2d.same(weights.at("conv_out"), last, 2L * config.latentChannels(), 3);
        }

        Tensor forward(Tensor images) {
            Tensor x = in.forward(Ops.channelsLast(images)); // (B, widths[0], H, W)
            for (UnaryOperator<Tensor> stage : stages) {
                x = scoped(stage, x);
            }
            return out.forward(activation.apply(normOut.forward(x))); // (B, 2 L, H/f, W/f)
        }
    }

    /** Latents to images: doubles the size between scales. */
    private static final class Decoder {
        private final Conv2d in;
        private final List<UnaryOperator<Tensor>> stages = new ArrayList<>();
        private final GroupNorm normOut;
        private final Activation activation;
        private final Conv2d out;

        Decoder(AutoencoderKlConfig config, Weights weights) {
            List<Integer> widths = config.widths();
            int width = widths.get(widths.size() - 1);
            this.in = Conv2d.same(weights.at("conv_in"), config.latentChannels(), width, 3);
            stages.addAll(middle(config, weights.at("mid_block"), width));
            for (int block = 0; block < widths.size(); block++) {
                Weights up = weights.at("up_blocks").at(block);
                int next = widths.get(widths.size() - 1 - block);
                for (int i = 0; i <= config.layers(); i++) {
                    stages.add(new Resnet(config, up.at("resnets").at(i), width, next)::forward);
                    width = next;
                }
                if (block < widths.size() - 1) {
                    Conv2d smooth = Conv2d.same(up.at("upsamplers").at(0).at("conv"), width, width, 3);
                    stages.add(smooth::forwardUpsampled);
                }
            }
            this.normOut = new GroupNorm(weights.at("conv_norm_out"), config.groups(), width, EPS);
            this.activation = config.activation();
            this.out = Conv2d.same(weights.at("conv_out"), width, config.channels(), 3);
        }

        Tensor forward(Tensor z) {
            Tensor x = in.forward(Ops.channelsLast(z)); // (B, widths[last], H/f, W/f)
            for (UnaryOperator<Tensor> stage : stages) {
                x = scoped(stage, x);
            }
            return out.forward(activation.apply(normOut.forward(x))); // (B, 3, H, W)
        }
    }

    private static List<UnaryOperator<Tensor>> middle(AutoencoderKlConfig config, Weights weights, int width) {
        List<UnaryOperator<Tensor>> stages = new ArrayList<>();
        stages.add(new Resnet(config, weights.at("resnets").at(0), width, width)::forward);
        if (config.midAttention()) {
            stages.add(new PixelAttention(config, weights.at("attentions").at(0), width)::forward);
        }
        stages.add(new Resnet(config, weights.at("resnets").at(1), width, width)::forward);
        return stages;
    }

    /** Two convolutions around a skip connection; (B, in, H, W) to (B, out, H, W). */
    private static final class Resnet {
        private final GroupNorm norm1;
        private final Conv2d conv1;
        private final GroupNorm norm2;
        private final Conv2d conv2;
        private final @Nullable Conv2d shortcut;
        private final Activation activation;

        Resnet(AutoencoderKlConfig config, Weights weights, int in, int out) {
            this.norm1 = new GroupNorm(weights.at("norm1"), config.groups(), in, EPS);
            this.conv1 = Conv2d.same(weights.at("conv1"), in, out, 3);
            this.norm2 = new GroupNorm(weights.at("norm2"), config.groups(), out, EPS);
            this.conv2 = Conv2d.same(weights.at("conv2"), out, out, 3);
            this.shortcut = in == out ? null : Conv2d.same(weights.at("conv_shortcut"), in, out, 1);
            this.activation = config.activation();
        }

        Tensor forward(Tensor x) {
            Tensor h = conv1.forward(activation.apply(norm1.forward(x)));
            h = conv2.forward(activation.apply(norm2.forward(h)));
            return (shortcut == null ? x : shortcut.forward(x)).add(h);
        }
    }

    /**
     * One head of attention over all pixels. Files saved before diffusers 0.17 name its layers query, key, value and
     * proj_attn, and some hold them as 1x1 convolutions.
     */
    private static final class PixelAttention {
        private final GroupNorm norm;
        private final Linear toQ;
        private final Linear toK;
        private final Linear toV;
        private final Linear toOut;

        PixelAttention(AutoencoderKlConfig config, Weights weights, int width) {
            boolean old = weights.has("query.weight");
            this.norm = new GroupNorm(weights.at("group_norm"), config.groups(), width, EPS);
            this.toQ = Linear.orConvolution(weights.at(old ? "query" : "to_q"), width, width);
            this.toK = Linear.orConvolution(weights.at(old ? "key" : "to_k"), width, width);
            this.toV = Linear.orConvolution(weights.at(old ? "value" : "to_v"), width, width);
            this.toOut = Linear.orConvolution(
                    old ? weights.at("proj_attn") : weights.at("to_out").at(0), width, width);
        }

        Tensor forward(Tensor x) {
            long[] shape = x.shape(); // (B, C, H, W)
            Tensor tokens = norm.forward(x).permute(0, 2, 3, 1).reshape(shape[0], -1, shape[1]); // (B, H W, C)
            Tensor y = toOut.forward(
                    Ops.multiHeadAttention(toQ.forward(tokens), toK.forward(tokens), toV.forward(tokens), 1, false));
            return y.reshape(shape[0], shape[2], shape[3], shape[1])
                    .permute(0, 3, 1, 2) // (B, C, H, W)
                    .add(x);
        }
    }
}
