package dev.realalign.diffusion.saliency;

import dev.realalign.diffusion.nn.Conv2d;
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

/**
 * U2-Net and U2-NetP (Qin et al. 2020, arXiv 2005.09007): a U of residual U-blocks. Frozen.
 *
 * <p>Published weights are pickles; they are converted once, keys unchanged:
 * {@code safetensors.torch.save_file(torch.load("u2net.pth", map_location="cpu", weights_only=True), "u2net.safetensors")}.
 *
 * <p>Shapes: B images, C channels, H and W of the image at the finest scale.
 */
public final class U2Net implements AutoCloseable {

    private static final double BATCH_NORM_EPS = 1e-5;
    private static final int SCALES = 6;

    private final Network network;
    private final List<Stage> encoders = new ArrayList<>();
    private final List<Stage> decoders = new ArrayList<>();
    private final List<Conv2d> sides = new ArrayList<>();
    private final Conv2d fuse;

    /**
     * Builds the network.
     *
     * @throws dev.realalign.diffusion.ModelFormatException listing every tensor that does not fit
     */
    public U2Net(U2NetConfig config, Weights weights) {
        weights.tolerate(".*\\.num_batches_tracked"); // a counter that only training reads
        for (int scale = 1; scale <= SCALES; scale++) {
            String name = "stage" + scale;
            encoders.add(stage(config.stage(name), weights.at(name), scale));
        }
        for (int scale = SCALES - 1; scale >= 1; scale--) {
            String name = "stage" + scale + "d";
            decoders.add(stage(config.stage(name), weights.at(name), scale));
        }
        for (int scale = 1; scale <= SCALES; scale++) {
            String source = scale == SCALES ? "stage" + scale : "stage" + scale + "d";
            sides.add(
                    Conv2d.same(weights.at("side" + scale), config.stage(source).out(), 1, 3));
        }
        this.fuse = Conv2d.same(weights.at("outconv"), SCALES, 1, 1);
        this.network = new Network(weights);
    }

    /** U-blocks of 7, 6, 5 and 4 scales, then two without any: their images would be too small. */
    private static Stage stage(U2NetConfig.Stage widths, Weights weights, int scale) {
        return scale <= 4 ? new UBlock(widths, weights, 8 - scale) : new DilatedBlock(widths, weights);
    }

    /** Loads a converted weight file. */
    public static U2Net load(Path file, ElementType type, Device device) {
        try (WeightFiles files = WeightFiles.open(file)) {
            return new U2Net(U2NetConfig.read(files), Weights.of(files, type, device));
        }
    }

    /** Normalised images (B, 3, H, W) of any size to how much each pixel stands out, 0 to 1, (B, 1, H, W) in F32. */
    public Tensor forward(Tensor images) {
        return Autograd.withoutGrad(() -> TensorScope.of(() -> {
            List<Tensor> encoded = new ArrayList<>(); // (B, C, H / 2^i, W / 2^i)
            Tensor x = network.input(images);
            for (Stage encoder : encoders) {
                Tensor in = encoded.isEmpty() ? x : pooled(encoded.get(encoded.size() - 1));
                encoded.add(TensorScope.of(() -> encoder.forward(in)));
            }
            List<Tensor> decoded = new ArrayList<>(List.of(encoded.get(SCALES - 1))); // coarse to fine
            for (int i = 0; i < decoders.size(); i++) {
                Tensor skip = encoded.get(SCALES - 2 - i);
                Tensor below = decoded.get(i);
                Stage decoder = decoders.get(i);
                decoded.add(
                        TensorScope.of(() -> decoder.forward(Ops.concatenate(List.of(resized(below, skip), skip), 1))));
            }
            List<Tensor> maps = new ArrayList<>(); // (B, 1, H, W), fine to coarse
            for (int scale = 0; scale < SCALES; scale++) {
                maps.add(resized(sides.get(scale).forward(decoded.get(SCALES - 1 - scale)), x));
            }
            return Ops.sigmoid(fuse.forward(Ops.concatenate(maps, 1))).to(ElementType.F32);
        }));
    }

    /** The tensors of the network. */
    public Network network() {
        return network;
    }

    @Override
    public void close() {
        network.close();
    }

    private static Tensor pooled(Tensor x) {
        return Ops.maxPool2d(x, 2, 2, true); // odd sizes are rounded up
    }

    private static Tensor resized(Tensor x, Tensor like) {
        return Ops.upsampleBilinear(x, like.size(2), like.size(3), false);
    }

    private interface Stage {
        /** (B, in, H, W) to (B, out, H, W). */
        Tensor forward(Tensor x);
    }

    /** Convolution, batch normalisation with stored statistics, ReLU. */
    private static final class Layer {
        private final Tensor weight;
        private final Tensor bias;
        private final Tensor normWeight;
        private final Tensor normBias;
        private final Tensor mean;
        private final Tensor variance;
        private final int dilation;

        Layer(Weights weights, long in, long out, int dilation) {
            Weights convolution = weights.at("conv_s1");
            this.weight = convolution.tensor("weight", out, in, 3, 3);
            this.bias = convolution.tensor("bias", out);
            Weights norm = weights.at("bn_s1");
            this.normWeight = norm.tensor("weight", out);
            this.normBias = norm.tensor("bias", out);
            this.mean = norm.tensor("running_mean", out);
            this.variance = norm.tensor("running_var", out);
            this.dilation = dilation;
        }

        Tensor forward(Tensor x) {
            Tensor y = Ops.conv2d(x, weight, bias, 1, dilation, dilation, 1);
            return Ops.relu(Ops.batchNorm(y, normWeight, normBias, mean, variance, BATCH_NORM_EPS));
        }
    }

    /** A small U over several scales around a residual (RSU-L in the paper). */
    private static final class UBlock implements Stage {
        private final Layer in;
        private final List<Layer> down = new ArrayList<>();
        private final Layer bottom;
        private final List<Layer> up = new ArrayList<>();

        UBlock(U2NetConfig.Stage widths, Weights weights, int depth) {
            this.in = new Layer(weights.at("rebnconvin"), widths.in(), widths.out(), 1);
            for (int i = 1; i < depth; i++) {
                down.add(new Layer(
                        weights.at("rebnconv" + i), i == 1 ? widths.out() : widths.middle(), widths.middle(), 1));
            }
            this.bottom = new Layer(weights.at("rebnconv" + depth), widths.middle(), widths.middle(), 2);
            for (int i = depth - 1; i >= 1; i--) {
                long out = i == 1 ? widths.out() : widths.middle();
                up.add(new Layer(weights.at("rebnconv" + i + "d"), 2 * widths.middle(), out, 1));
            }
        }

        @Override
        public Tensor forward(Tensor x) {
            Tensor residual = in.forward(x); // (B, out, H, W)
            List<Tensor> skips = new ArrayList<>(); // (B, middle, H / 2^i, W / 2^i)
            Tensor h = residual;
            for (Layer layer : down) {
                h = layer.forward(skips.isEmpty() ? h : pooled(h));
                skips.add(h);
            }
            h = bottom.forward(h);
            for (int i = 0; i < up.size(); i++) {
                Tensor skip = skips.get(skips.size() - 1 - i);
                h = up.get(i).forward(Ops.concatenate(List.of(i == 0 ? h : resized(h, skip), skip), 1));
            }
            return h.add(residual); // (B, out, H, W)
        }
    }

    /** A block at one scale, its reach grown by dilation (RSU-4F in the paper). */
    private static final class DilatedBlock implements Stage {
        private static final int DEPTH = 4;

        private final Layer in;
        private final List<Layer> down = new ArrayList<>();
        private final List<Layer> up = new ArrayList<>();

        DilatedBlock(U2NetConfig.Stage widths, Weights weights) {
            this.in = new Layer(weights.at("rebnconvin"), widths.in(), widths.out(), 1);
            for (int i = 1; i <= DEPTH; i++) {
                long from = i == 1 ? widths.out() : widths.middle();
                down.add(new Layer(weights.at("rebnconv" + i), from, widths.middle(), 1 << (i - 1)));
            }
            for (int i = DEPTH - 1; i >= 1; i--) {
                long out = i == 1 ? widths.out() : widths.middle();
                up.add(new Layer(weights.at("rebnconv" + i + "d"), 2 * widths.middle(), out, 1 << (i - 1)));
            }
        }

        @Override
        public Tensor forward(Tensor x) {
            Tensor residual = in.forward(x);
            List<Tensor> skips = new ArrayList<>();
            Tensor h = residual;
            for (Layer layer : down) {
                h = layer.forward(h);
                skips.add(h);
            }
            for (int i = 0; i < up.size(); i++) {
                h = up.get(i).forward(Ops.concatenate(List.of(h, skips.get(DEPTH - 2 - i)), 1));
            }
            return h.add(residual);
        }
    }
}
