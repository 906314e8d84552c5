package dev.realalign.diffusion.vae;

import dev.realalign.diffusion.JsonConfig;
import dev.realalign.diffusion.nn.Activation;
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
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * {@code AutoencoderTiny}: TAESD (github.com/madebyollin/taesd), a small deterministic stand-in for
 * {@link AutoencoderKl}, for previews and quick experiments.
 *
 * <p>Shapes: B images, H and W of the scale at hand, L latent channels.
 */
public final class AutoencoderTiny implements Autoencoder {

    /** Latents are squashed to within +-3 before decoding. */
    private static final double MAGNITUDE = 3;

    private final AutoencoderTinyConfig config;
    private final Network network;
    private final List<UnaryOperator<Tensor>> encoder;
    private final List<UnaryOperator<Tensor>> decoder;

    /**
     * Builds the network.
     *
     * @throws dev.realalign.diffusion.ModelFormatException listing every tensor that does not fit
     */
    public AutoencoderTiny(AutoencoderTinyConfig config, Weights weights) {
        this.config = config;
        this.encoder = encoder(config, weights.at("encoder").at("layers"));
        this.decoder = decoder(config, weights.at("decoder").at("layers"));
        this.network = new Network(weights);
    }

    /** Layers are numbered through, as in the published {@code Sequential}. */
    private static List<UnaryOperator<Tensor>> encoder(AutoencoderTinyConfig config, Weights layers) {
        List<UnaryOperator<Tensor>> stages = new ArrayList<>();
        int width = config.encoderWidths().get(0);
        stages.add(Conv2d.same(layers.at(0), config.channels(), width, 3)::forward);
        for (int scale = 0; scale < config.encoderWidths().size(); scale++) {
            width = config.encoderWidths().get(scale);
            if (scale > 0) {
                int before = config.encoderWidths().get(scale - 1);
                stages.add(Conv2d.withoutBias(layers.at(stages.size()), before, width, 3, 2, 1)::forward);
            }
            for (int i = 0; i < config.encoderBlocks().get(scale); i++) {
                stages.add(new Block(layers.at(stages.size()), width, config.activation())::forward);
            }
        }
        stages.add(Conv2d.same(layers.at(stages.size()), width, config.latentChannels(), 3)::forward);
        return stages;
    }

    private static List<UnaryOperator<Tensor>> decoder(AutoencoderTinyConfig config, Weights layers) {
        List<UnaryOperator<Tensor>> stages = new ArrayList<>();
        List<Integer> widths = config.decoderWidths();
        stages.add(Conv2d.same(layers.at(0), config.latentChannels(), widths.get(0), 3)::forward);
        stages.add(config.activation()::apply);
        for (int scale = 0; scale < widths.size(); scale++) {
            int width = widths.get(scale);
            for (int i = 0; i < config.decoderBlocks().get(scale); i++) {
                stages.add(new Block(layers.at(stages.size()), width, config.activation())::forward);
            }
            if (scale < widths.size() - 1) {
                stages.add(x -> Ops.upsampleNearest(x, 2 * x.size(2), 2 * x.size(3)));
                int next = widths.get(scale + 1);
                stages.add(Conv2d.withoutBias(layers.at(stages.size()), width, next, 3, 1, 1)::forward);
            } else {
                stages.add(Conv2d.same(layers.at(stages.size()), width, config.channels(), 3)::forward);
            }
        }
        return stages;
    }

    /**
     * Loads a folder of it.
     *
     * @param variant {@code fp16} or the like to prefer; null for the plain files
     */
    public static AutoencoderTiny load(Path folder, @Nullable String variant, Device device) {
        AutoencoderTinyConfig config = JsonConfig.read(folder.resolve("config.json"), AutoencoderTinyConfig::from);
        try (WeightFiles files = WeightFiles.find(folder, "diffusion_pytorch_model", variant)) {
            return new AutoencoderTiny(config, Weights.of(files, ElementType.F32, device));
        }
    }

    @Override
    public Posterior encode(Tensor images) {
        int factor = factor();
        if (images.rank() != 4
                || images.size(1) != config.channels()
                || images.size(2) % factor != 0
                || images.size(3) % factor != 0) {
            throw new IllegalArgumentException("images must be (B, " + config.channels()
                    + ", H, W) with H and W multiples of " + factor + ", but are " + images);
        }
        return new Posterior(run(encoder, () -> network.input(images).add(1).mul(0.5), y -> y), null);
    }

    @Override
    public Tensor scaled(Tensor z) {
        return TensorScope.of(() -> z.add(-config.shiftFactor()).mul(config.scalingFactor()));
    }

    @Override
    public Tensor decode(Tensor latents) {
        if (latents.rank() != 4 || latents.size(1) != config.latentChannels()) {
            throw new IllegalArgumentException(
                    "latents must be (B, " + config.latentChannels() + ", H, W), but are " + latents);
        }
        return run(
                decoder,
                () -> {
                    Tensor z = network.input(latents)
                            .mul(1 / config.scalingFactor())
                            .add(config.shiftFactor());
                    return Ops.tanh(z.mul(1 / MAGNITUDE)).mul(MAGNITUDE);
                },
                y -> y.mul(2).add(-1));
    }

    private interface Input {
        Tensor get();
    }

    private static Tensor run(List<UnaryOperator<Tensor>> stages, Input input, UnaryOperator<Tensor> finish) {
        return Autograd.withoutGrad(() -> TensorScope.of(() -> {
            Tensor x = Ops.channelsLast(input.get());
            for (UnaryOperator<Tensor> stage : stages) {
                Tensor before = x;
                x = TensorScope.of(() -> stage.apply(before));
            }
            return finish.apply(x);
        }));
    }

    @Override
    public int latentChannels() {
        return config.latentChannels();
    }

    @Override
    public int factor() {
        return config.factor();
    }

    public AutoencoderTinyConfig config() {
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

    /** Three convolutions around a skip connection, activated at the end. */
    private static final class Block {
        private final Conv2d conv1;
        private final Conv2d conv2;
        private final Conv2d conv3;
        private final Activation activation;

        Block(Weights weights, int width, Activation activation) {
            Weights conv = weights.at("conv");
            this.conv1 = Conv2d.same(conv.at(0), width, width, 3);
            this.conv2 = Conv2d.same(conv.at(2), width, width, 3);
            this.conv3 = Conv2d.same(conv.at(4), width, width, 3);
            this.activation = activation;
        }

        Tensor forward(Tensor x) {
            Tensor h = activation.apply(conv1.forward(x));
            h = activation.apply(conv2.forward(h));
            return activation.apply(conv3.forward(h).add(x));
        }
    }
}
