package dev.realalign.diffusion.lora;

import dev.realalign.diffusion.ModelFormatException;
import dev.realalign.diffusion.tensor.Device;
import dev.realalign.diffusion.tensor.ElementType;
import dev.realalign.diffusion.tensor.SafeTensors;
import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.diffusion.tensor.TensorScope;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/** Files of full differences, under the names of {@link FullAdapter} or kohya's form of them. */
final class FullFiles {
    private FullFiles() {}

    /** Whether a file holds full differences. */
    static boolean isFull(SafeTensors tensors) {
        return tensors.entries().keySet().stream()
                .anyMatch(name -> name.endsWith(FullAdapter.WEIGHT) || name.endsWith(FullAdapter.BIAS));
    }

    static void save(FullAdapter adapter, Path file, LoraFormat format, Map<String, String> metadata) {
        try (TensorScope scope = TensorScope.open()) {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            adapter.differences()
                    .forEach((name, tensor) -> tensors.put(
                            format == LoraFormat.PEFT
                                    ? peftName(adapter.prefix(), name)
                                    : kohyaName(adapter.prefix(), name),
                            tensor.detach()));
            SortedMap<String, String> texts = new TreeMap<>(metadata);
            texts.put("format", "pt");
            SafeTensors.write(file, tensors, texts);
        }
    }

    private static String peftName(String prefix, String parameter) {
        return prefix + "." + FullAdapter.layerOf(parameter) + FullAdapter.ending(parameter);
    }

    private static String kohyaName(String prefix, String parameter) {
        return LoraFiles.kohyaName(prefix, FullAdapter.layerOf(parameter)) + FullAdapter.ending(parameter);
    }

    static FullAdapter load(SafeTensors tensors, LoraTargets network) {
        SortedMap<String, String> found = new TreeMap<>(); // parameter to name in the file
        TreeSet<String> unknown = new TreeSet<>(tensors.entries().keySet());
        List<String> problems = new ArrayList<>();
        network.trainable().forEach((parameter, held) -> {
            for (String name : List.of(peftName(network.prefix(), parameter), kohyaName(network.prefix(), parameter))) {
                if (unknown.remove(name)) {
                    found.put(parameter, name);
                    expect(tensors, name, held.value().shape(), problems);
                }
            }
        });
        unknown.forEach(name -> problems.add(name + " is a difference to nothing in this " + network.prefix()));
        refuse(tensors, problems);
        return read(
                tensors,
                network.prefix(),
                found,
                Objects.requireNonNull(network.trainable().get(found.firstKey()), "it is among the parameters")
                        .value()
                        .device());
    }

    /** Without the network, the shapes of a bias and its weight can be held against each other. */
    static FullAdapter load(SafeTensors tensors) {
        SortedMap<String, String> found = new TreeMap<>();
        SortedSet<String> prefixes = new TreeSet<>();
        List<String> problems = new ArrayList<>();
        for (String name : tensors.entries().keySet()) {
            boolean isBias = name.endsWith(FullAdapter.BIAS);
            String ending = isBias ? FullAdapter.BIAS : FullAdapter.WEIGHT;
            int dot = name.indexOf('.');
            if (!name.endsWith(ending) || dot >= name.length() - ending.length()) {
                problems.add(name + " is no full difference of a layer");
                continue;
            }
            String layer = name.substring(dot + 1, name.length() - ending.length());
            prefixes.add(name.substring(0, dot));
            found.put(isBias ? FullAdapter.biasOf(layer) : FullAdapter.weightOf(layer), name);
            if (isBias) {
                String weight = name.substring(0, name.length() - ending.length()) + FullAdapter.WEIGHT;
                long[] shape = shape(tensors, weight);
                if (shape.length == 0) {
                    problems.add(name + " stands without " + weight);
                } else {
                    expect(tensors, name, new long[] {shape[0]}, problems);
                }
            }
        }
        refuse(tensors, problems);
        return read(tensors, AdapterFiles.single(tensors, prefixes), found, Device.CPU);
    }

    private static void refuse(SafeTensors tensors, List<String> problems) {
        if (!problems.isEmpty()) {
            throw new ModelFormatException(tensors.file().toString(), problems);
        }
    }

    private static long[] shape(SafeTensors tensors, String name) {
        SafeTensors.Entry entry = tensors.entries().get(name);
        return entry == null ? new long[0] : entry.lengths();
    }

    private static void expect(SafeTensors tensors, String name, long[] expected, List<String> problems) {
        long[] shape = shape(tensors, name);
        if (!Arrays.equals(shape, expected)) {
            problems.add(name + " has shape " + Arrays.toString(shape) + ", expected " + Arrays.toString(expected));
        }
    }

    private static FullAdapter read(
            SafeTensors tensors, String prefix, SortedMap<String, String> names, Device device) {
        SortedMap<String, Tensor> differences = new TreeMap<>();
        try (TensorScope scope = TensorScope.open()) {
            names.forEach((parameter, name) ->
                    differences.put(parameter, FullAdapter.leaf(device, tensors.load(name, ElementType.F32))));
        }
        return new FullAdapter(prefix, differences);
    }
}
