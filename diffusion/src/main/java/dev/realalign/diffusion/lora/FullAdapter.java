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
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Full fine-tuning as an adapter: a difference to every element of its layers' weights and biases, so that the network
 * computes with W + difference. A fresh one is zero, which makes the base the reference of a fresh policy.
 *
 * <p>Its matrices carry the names that LyCORIS gives full differences and ComfyUI loads: {@code unet.PATH.diff} of the weight,
 * {@code unet.PATH.diff_b} of the bias.
 */
public final class FullAdapter extends Adapter {
    static final String WEIGHT = ".diff";
    static final String BIAS = ".diff_b";
    private static final String WEIGHT_PARAMETER = ".weight";
    private static final String BIAS_PARAMETER = ".bias";

    private final SortedMap<String, Tensor> differences;

    /**
     * Takes ownership of the differences.
     *
     * @param differences by the name of the network's parameter
     */
    FullAdapter(String prefix, SortedMap<String, Tensor> differences) {
        super(prefix, named(prefix, differences));
        this.differences = Collections.unmodifiableSortedMap(differences);
    }

    private static SortedMap<String, Tensor> named(String prefix, SortedMap<String, Tensor> differences) {
        SortedMap<String, Tensor> parameters = new TreeMap<>();
        differences.forEach((name, tensor) -> parameters.put(prefix + "." + layerOf(name) + ending(name), tensor));
        return parameters;
    }

    /** {@code mid.conv} of {@code mid.conv.bias}. */
    static String layerOf(String parameter) {
        return parameter.substring(0, parameter.lastIndexOf('.'));
    }

    /** How files end the name of a parameter's difference. */
    static String ending(String parameter) {
        return parameter.endsWith(BIAS_PARAMETER) ? BIAS : WEIGHT;
    }

    static String weightOf(String layer) {
        return layer + WEIGHT_PARAMETER;
    }

    static String biasOf(String layer) {
        return layer + BIAS_PARAMETER;
    }

    /** @throws IllegalArgumentException if no layer of the network matches the configuration's targets */
    static FullAdapter create(LoraTargets network, FullConfig config) {
        SortedMap<String, Tensor> differences = new TreeMap<>();
        try (TensorScope scope = TensorScope.open()) {
            network.trainable().forEach((name, parameter) -> {
                if (config.targets(layerOf(name))) {
                    Tensor value = parameter.value();
                    differences.put(name, leaf(value.device(), Tensor.zeros(value.shape())));
                }
            });
        }
        if (differences.isEmpty()) {
            throw new IllegalArgumentException(
                    "no layer of the " + network.prefix() + " matches the targets " + config.targets());
        }
        return new FullAdapter(network.prefix(), differences);
    }

    /** A leaf on a device, outside every scope. */
    static Tensor leaf(Device device, Tensor difference) {
        return difference.to(device).unscoped().requireGrad();
    }

    /** The differences by the name of the network's parameter, sorted. */
    public SortedMap<String, Tensor> differences() {
        return differences;
    }

    @Override
    public List<Tensor> zeroAtStart() {
        return List.copyOf(parameters().values());
    }

    @Override
    public Optional<long[]> matrix(String path) {
        return Optional.ofNullable(differences.get(weightOf(path)))
                .map(Tensor::shape)
                .filter(shape -> shape.length == 2);
    }

    @Override
    public List<String> paths() {
        return differences.keySet().stream()
                .map(FullAdapter::layerOf)
                .distinct()
                .sorted()
                .toList();
    }

    @Override
    public FullAdapter copy() {
        return copyTo(device());
    }

    @Override
    public FullAdapter copyTo(Device device) {
        SortedMap<String, Tensor> copies = new TreeMap<>();
        try (TensorScope scope = TensorScope.open()) { // frees the views in between
            differences.forEach((name, tensor) ->
                    copies.put(name, leaf(device, tensor.detach().copy())));
        }
        return new FullAdapter(prefix(), copies);
    }

    @Override
    boolean scalesAs(Adapter other) {
        return other instanceof FullAdapter;
    }

    @Override
    @Nullable
    LowRank lowRank(String path) {
        return null;
    }

    @Override
    @Nullable
    Tensor difference(String parameter) {
        return differences.get(parameter);
    }

    @Override
    List<String> misfits(LoraTargets network) {
        List<String> problems = new ArrayList<>();
        differences.forEach((name, tensor) -> {
            Parameter parameter = network.trainable().get(name);
            if (parameter == null) {
                problems.add("the network has no " + name);
            } else if (!Arrays.equals(parameter.value().shape(), tensor.shape())) {
                problems.add(name + " is " + Arrays.toString(parameter.value().shape()) + " in the network, "
                        + Arrays.toString(tensor.shape()) + " in the adapter");
            }
        });
        return problems;
    }

    @Override
    @Nullable
    Tensor merged(String parameter, Tensor value) {
        Tensor difference = differences.get(parameter);
        return difference == null ? null : Ops.withDifference(value, difference);
    }

    @Override
    public String toString() {
        return "full difference(" + prefix() + ", " + differences.size() + " tensors)";
    }
}
