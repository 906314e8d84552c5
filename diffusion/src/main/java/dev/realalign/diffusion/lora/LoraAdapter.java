package dev.realalign.diffusion.lora;

import dev.realalign.diffusion.nn.Linear;
import dev.realalign.diffusion.nn.LowRank;
import dev.realalign.diffusion.tensor.Device;
import dev.realalign.diffusion.tensor.Ops;
import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.diffusion.tensor.TensorScope;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The low-rank terms of one adapter (LoRA, arXiv 2106.09685).
 *
 * <p>Parameters carry PEFT's names: {@code unet.PATH.lora_A.weight} (rank, in) and {@code unet.PATH.lora_B.weight} (out, rank).
 */
public final class LoraAdapter extends Adapter {
    static final String DOWN = ".lora_A.weight";
    static final String UP = ".lora_B.weight";
    private static final String WEIGHT = ".weight";

    private final int rank;
    private final double alpha;
    private final SortedMap<String, LowRank> layers;

    /** Takes ownership of the layers' matrices. */
    LoraAdapter(String prefix, int rank, double alpha, SortedMap<String, LowRank> layers) {
        super(prefix, named(prefix, layers));
        this.rank = rank;
        this.alpha = alpha;
        this.layers = Collections.unmodifiableSortedMap(layers);
    }

    private static SortedMap<String, Tensor> named(String prefix, SortedMap<String, LowRank> layers) {
        SortedMap<String, Tensor> parameters = new TreeMap<>();
        layers.forEach((path, layer) -> {
            parameters.put(prefix + "." + path + DOWN, layer.down());
            parameters.put(prefix + "." + path + UP, layer.up());
        });
        return parameters;
    }

    /**
     * A fresh adapter, which changes nothing yet: up is zero, down is Kaiming-uniform with a = sqrt(5), that is uniform in +-1/sqrt(in), as PEFT draws it.
     * Each matrix is a function of the seed and its layer's path.
     *
     * @throws IllegalArgumentException if no layer of the network matches the configuration's targets
     */
    public static LoraAdapter create(LoraTargets network, LoraConfig config, long seed) {
        SortedMap<String, LowRank> layers = new TreeMap<>();
        network.linears().forEach((path, linear) -> {
            if (config.targets(path)) {
                double bound = 1 / Math.sqrt(linear.in());
                Tensor down = Tensor.uniform(seedOf(seed, path), -bound, bound, config.rank(), linear.in());
                Tensor up = Tensor.zeros(linear.out(), config.rank());
                layers.put(path, layer(linear.weight().device(), down, up, config.alpha() / config.rank()));
            }
        });
        if (layers.isEmpty()) {
            throw new IllegalArgumentException(
                    "no layer of the " + network.prefix() + " matches the LoRA targets " + config.targets());
        }
        return new LoraAdapter(network.prefix(), config.rank(), config.alpha(), layers);
    }

    /** A pair of leaves on a device, outside every scope. */
    static LowRank layer(Device device, Tensor down, Tensor up, double scale) {
        return new LowRank(
                down.to(device).unscoped().requireGrad(),
                up.to(device).unscoped().requireGrad(),
                scale);
    }

    private static long seedOf(long seed, String path) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(ByteBuffer.allocate(Long.BYTES).putLong(seed).flip());
            return ByteBuffer.wrap(digest.digest(path.getBytes(StandardCharsets.UTF_8)))
                    .getLong();
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    @Override
    @Nullable
    LowRank lowRank(String path) {
        return layers.get(path);
    }

    @Override
    @Nullable
    Tensor difference(String parameter) {
        return null;
    }

    /** The layers it changes, by path. */
    public SortedMap<String, LowRank> layers() {
        return layers;
    }

    public int rank() {
        return rank;
    }

    public double alpha() {
        return alpha;
    }

    @Override
    public List<Tensor> zeroAtStart() {
        return layers.values().stream().map(LowRank::up).toList();
    }

    @Override
    public Optional<long[]> matrix(String path) {
        return Optional.ofNullable(layers.get(path))
                .map(layer -> new long[] {layer.up().size(0), layer.down().size(1)});
    }

    @Override
    public List<String> paths() {
        return List.copyOf(layers.keySet());
    }

    @Override
    public LoraAdapter copy() {
        return copyTo(device());
    }

    @Override
    public LoraAdapter copyTo(Device device) {
        SortedMap<String, LowRank> copies = new TreeMap<>();
        try (TensorScope scope = TensorScope.open()) { // frees the views in between
            layers.forEach((path, layer) -> copies.put(
                    path,
                    layer(
                            device,
                            layer.down().detach().copy(),
                            layer.up().detach().copy(),
                            layer.scale())));
        }
        return new LoraAdapter(prefix(), rank, alpha, copies);
    }

    @Override
    boolean scalesAs(Adapter other) {
        return other instanceof LoraAdapter lora && rank == lora.rank && alpha == lora.alpha;
    }

    @Override
    List<String> misfits(LoraTargets network) {
        List<String> problems = new ArrayList<>();
        layers.forEach((path, layer) -> {
            Linear linear = network.linears().get(path);
            if (linear == null) {
                problems.add("the network has no layer " + path);
            } else if (linear.in() != layer.down().size(1)
                    || linear.out() != layer.up().size(0)) {
                problems.add(path + " is " + linear.in() + " to " + linear.out() + " in the network, "
                        + layer.down().size(1) + " to " + layer.up().size(0) + " in the adapter");
            }
        });
        return problems;
    }

    @Override
    @Nullable
    Tensor merged(String parameter, Tensor value) {
        LowRank layer = parameter.endsWith(WEIGHT)
                ? layers.get(parameter.substring(0, parameter.length() - WEIGHT.length()))
                : null;
        return layer == null ? null : Ops.mergedLowRank(value, layer.down(), layer.up(), layer.scale());
    }

    @Override
    public String toString() {
        return "LoRA(" + prefix() + ", rank " + rank + ", alpha " + alpha + ", " + layers.size() + " layers)";
    }
}
