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
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The low-rank terms of one adapter. Its matrices are F32 whatever the network computes in, live outside every scope and belong to the adapter.
 *
 * <p>Parameters carry PEFT's names: {@code unet.PATH.lora_A.weight} (rank, in) and {@code unet.PATH.lora_B.weight} (out, rank).
 */
public final class LoraAdapter implements AutoCloseable {
    static final String DOWN = ".lora_A.weight";
    static final String UP = ".lora_B.weight";

    private final String prefix;
    private final int rank;
    private final double alpha;
    private final SortedMap<String, LowRank> layers;
    private final SortedMap<String, Tensor> parameters = new TreeMap<>();

    /** Takes ownership of the layers' matrices. */
    LoraAdapter(String prefix, int rank, double alpha, SortedMap<String, LowRank> layers) {
        this.prefix = prefix;
        this.rank = rank;
        this.alpha = alpha;
        this.layers = Collections.unmodifiableSortedMap(layers);
        layers.forEach((path, layer) -> {
            parameters.put(prefix + "." + path + DOWN, layer.down());
            parameters.put(prefix + "." + path + UP, layer.up());
        });
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

    /** The low-rank term of the layer at a path, or null if the adapter leaves it alone. */
    @Nullable
    LowRank at(String path) {
        return layers.get(path);
    }

    /** The layers it changes, by path. */
    public SortedMap<String, LowRank> layers() {
        return layers;
    }

    /** What the network is called in files: {@code unet} or {@code transformer}. */
    public String prefix() {
        return prefix;
    }

    public int rank() {
        return rank;
    }

    public double alpha() {
        return alpha;
    }

    /** Every matrix by PEFT name, sorted; leaves whose gradients a backward pass gathers. They belong to the adapter. */
    public SortedMap<String, Tensor> parameters() {
        return Collections.unmodifiableSortedMap(parameters);
    }

    /** The matrices that are zero in a fresh adapter, sorted by name: the change of the network is linear in them. */
    public List<Tensor> up() {
        return layers.values().stream().map(LowRank::up).toList();
    }

    /**
     * One matrix by its PEFT name.
     *
     * @throws IllegalArgumentException if the adapter has none of this name
     */
    public Tensor parameter(String name) {
        Tensor parameter = parameters.get(name);
        if (parameter == null) {
            throw new IllegalArgumentException(this + " has no matrix '" + name + "'");
        }
        return parameter;
    }

    /** The number of weights. */
    public long parameterCount() {
        return parameters.values().stream().mapToLong(Tensor::count).sum();
    }

    /** Another adapter of equal values and of its own memory. */
    public LoraAdapter copy() {
        return copyTo(parameter(parameters.firstKey()).device());
    }

    /** Another adapter of equal values and of its own memory, on a device. */
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
        return new LoraAdapter(prefix, rank, alpha, copies);
    }

    /**
     * Takes over another adapter's values.
     *
     * @throws IllegalArgumentException if the two differ in layers, rank or alpha
     */
    public void assign(LoraAdapter other) {
        checkCombines(other);
        Ops.assignAllInPlace(List.copyOf(parameters.values()), List.copyOf(other.parameters.values()));
    }

    /**
     * Moves towards another adapter: {@code this = decay * this + (1 - decay) * other}, an exponential moving average when called step after step.
     *
     * @throws IllegalArgumentException if the two differ in layers, rank or alpha
     */
    public void average(LoraAdapter other, double decay) {
        checkCombines(other);
        parameters.forEach((name, tensor) -> tensor.blendInPlace(decay, other.parameter(name), 1 - decay));
    }

    private void checkCombines(LoraAdapter other) {
        if (rank != other.rank
                || alpha != other.alpha
                || !parameters.keySet().equals(other.parameters.keySet())
                || parameters.entrySet().stream()
                        .anyMatch(mine -> !Arrays.equals(
                                mine.getValue().shape(),
                                other.parameter(mine.getKey()).shape()))) {
            throw new IllegalArgumentException(
                    "adapters of different layers, rank or alpha cannot be combined: " + this + " and " + other);
        }
    }

    /** The 2-norm of all matrices together. */
    public double norm() {
        try (TensorScope scope = TensorScope.open()) {
            return Ops.totalNorm(List.copyOf(parameters.values())).item();
        }
    }

    /** Whether every weight is finite. */
    public boolean isFinite() {
        return parameters.values().stream().allMatch(Tensor::isFinite);
    }

    void checkFits(LoraTargets network) {
        List<String> problems = new ArrayList<>();
        if (!prefix.equals(network.prefix())) {
            problems.add("it is for a " + prefix + ", the network is a " + network.prefix());
        }
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
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException("the LoRA does not fit: " + String.join("; ", problems));
        }
    }

    /**
     * Adds the adapter to the network's own weights, for use without any extra work per step.
     *
     * @return closing it puts the original weights back, bit for bit
     */
    public Merged mergeInto(LoraTargets network) {
        checkFits(network);
        Map<Linear, Tensor> originals = new LinkedHashMap<>();
        List<Tensor> merged = new ArrayList<>();
        layers.forEach((path, layer) -> {
            Linear linear = network.linears().get(path);
            if (linear != null) {
                Tensor sum = TensorScope.of(
                                () -> Ops.mergedLowRank(linear.weight(), layer.down(), layer.up(), layer.scale()))
                        .unscoped();
                originals.put(linear, linear.weight());
                merged.add(sum);
                linear.useWeight(sum);
            }
        });
        return () -> {
            originals.forEach(Linear::useWeight);
            merged.forEach(Tensor::close);
        };
    }

    /** An adapter merged into a network, until closed. */
    public interface Merged extends AutoCloseable {
        @Override
        void close();
    }

    @Override
    public void close() {
        parameters.values().forEach(Tensor::close);
    }

    @Override
    public String toString() {
        return "LoRA(" + prefix + ", rank " + rank + ", alpha " + alpha + ", " + layers.size() + " layers)";
    }
}
