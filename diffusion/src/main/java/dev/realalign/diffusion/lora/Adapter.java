package dev.realalign.diffusion.lora;

import dev.realalign.diffusion.nn.LowRank;
import dev.realalign.diffusion.nn.Parameter;
import dev.realalign.diffusion.tensor.Device;
import dev.realalign.diffusion.tensor.Ops;
import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.diffusion.tensor.TensorScope;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/**
 * What training changes of a network: its matrices are added to the frozen weights while the adapter is in use. They are F32
 * whatever the network computes in, live outside every scope and belong to the adapter.
 */
public abstract sealed class Adapter implements AutoCloseable permits LoraAdapter, FullAdapter {
    private final String prefix;
    private final SortedMap<String, Tensor> parameters;

    /** Takes ownership of the matrices. */
    Adapter(String prefix, SortedMap<String, Tensor> parameters) {
        this.prefix = prefix;
        this.parameters = Collections.unmodifiableSortedMap(parameters);
    }

    /** What the network is called in files: {@code unet} or {@code transformer}. */
    public String prefix() {
        return prefix;
    }

    /** Every matrix by its name in files, sorted; leaves whose gradients a backward pass gathers. They belong to the adapter. */
    public SortedMap<String, Tensor> parameters() {
        return parameters;
    }

    /**
     * One matrix by its name.
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

    /** The matrices that are zero in a fresh adapter, sorted by name: the change of the network is linear in them. */
    public abstract List<Tensor> zeroAtStart();

    /** The number of weights. */
    public long parameterCount() {
        return parameters.values().stream().mapToLong(Tensor::count).sum();
    }

    /** Rows and columns of the weight it changes at a layer's path, where that is a matrix and is changed. */
    public abstract Optional<long[]> matrix(String path);

    /** Paths of the layers it changes, sorted. */
    public abstract List<String> paths();

    /** Another adapter of equal values and of its own memory. */
    public Adapter copy() {
        return copyTo(device());
    }

    /** Another adapter of equal values and of its own memory, on a device. */
    public abstract Adapter copyTo(Device device);

    Device device() {
        return parameter(parameters.firstKey()).device();
    }

    /**
     * Takes over another adapter's values.
     *
     * @throws IllegalArgumentException if the two differ in kind, layers, rank or alpha
     */
    public void assign(Adapter other) {
        checkCombines(other);
        Ops.assignAllInPlace(List.copyOf(parameters.values()), List.copyOf(other.parameters.values()));
    }

    /**
     * Moves towards another adapter: {@code this = decay * this + (1 - decay) * other}, an exponential moving average when called step after step.
     *
     * @throws IllegalArgumentException if the two differ in kind, layers, rank or alpha
     */
    public void average(Adapter other, double decay) {
        checkCombines(other);
        parameters.forEach((name, tensor) -> tensor.blendInPlace(decay, other.parameter(name), 1 - decay));
    }

    private void checkCombines(Adapter other) {
        if (!scalesAs(other)
                || !parameters.keySet().equals(other.parameters.keySet())
                || parameters.entrySet().stream()
                        .anyMatch(mine -> !Arrays.equals(
                                mine.getValue().shape(),
                                other.parameter(mine.getKey()).shape()))) {
            throw new IllegalArgumentException(
                    "adapters of different kind, layers, rank or alpha cannot be combined: " + this + " and " + other);
        }
    }

    /** Whether equal matrices of another adapter change a network as this one's do. */
    abstract boolean scalesAs(Adapter other);

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

    /** The low-rank term of the layer at a path, or null if the adapter has none there. */
    abstract @Nullable LowRank lowRank(String path);

    /** The full difference of the network's parameter of a name, or null if the adapter has none there. */
    abstract @Nullable Tensor difference(String parameter);

    /** Everything in which it does not fit a network, in sentences. */
    abstract List<String> misfits(LoraTargets network);

    void checkFits(LoraTargets network) {
        List<String> problems = new ArrayList<>();
        if (!prefix.equals(network.prefix())) {
            problems.add("it is for a " + prefix + ", the network is a " + network.prefix());
        }
        problems.addAll(misfits(network));
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException("the adapter does not fit: " + String.join("; ", problems));
        }
    }

    /**
     * Adds the adapter to the network's own weights, for use without any extra work per step.
     *
     * @return closing it puts the original weights back, bit for bit
     */
    public Merged mergeInto(LoraTargets network) {
        checkFits(network);
        Map<Parameter, Tensor> originals = new LinkedHashMap<>();
        List<Tensor> merged = new ArrayList<>();
        network.trainable().forEach((name, parameter) -> {
            try (TensorScope scope = TensorScope.open()) {
                Tensor sum = merged(name, parameter.value());
                if (sum != null) {
                    originals.put(parameter, parameter.value());
                    merged.add(sum.unscoped());
                    parameter.useValue(sum);
                }
            }
        });
        return () -> {
            originals.forEach(Parameter::useValue);
            merged.forEach(Tensor::close);
        };
    }

    /** The sum of a parameter's value and what this adapter adds to it; null where that is nothing. */
    abstract @Nullable Tensor merged(String parameter, Tensor value);

    /** An adapter merged into a network, until closed. */
    public interface Merged extends AutoCloseable {
        @Override
        void close();
    }

    @Override
    public void close() {
        parameters.values().forEach(Tensor::close);
    }
}
