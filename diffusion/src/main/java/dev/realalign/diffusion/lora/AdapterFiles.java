package dev.realalign.diffusion.lora;

import dev.realalign.diffusion.ModelFormatException;
import dev.realalign.diffusion.tensor.SafeTensors;
import dev.realalign.diffusion.tensor.Tensor;
import java.nio.file.Path;
import java.util.Map;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;

/** Adapter files of any kind: the names of their tensors say which it is. */
public final class AdapterFiles {
    private AdapterFiles() {}

    /**
     * Reads an adapter in either layout.
     *
     * @throws ModelFormatException if the file is unusable or is for another network; everything wrong is listed
     */
    public static Adapter load(Path file, LoraTargets network) {
        try (SafeTensors tensors = SafeTensors.open(file)) {
            return FullFiles.isFull(tensors) ? FullFiles.load(tensors, network) : LoraFiles.load(tensors, network);
        }
    }

    /**
     * Reads an adapter without the network it is for, as one does who passes adapters on and holds no model. {@link LoraFormat#PEFT} names only: kohya's
     * do not tell where a path is divided.
     *
     * @throws ModelFormatException if the file is unusable or is for several networks; everything wrong is listed
     */
    public static Adapter load(Path file) {
        try (SafeTensors tensors = SafeTensors.open(file)) {
            return FullFiles.isFull(tensors) ? FullFiles.load(tensors) : LoraFiles.load(tensors);
        }
    }

    /**
     * Writes an adapter for other programs.
     *
     * @param metadata free texts for the header, such as {@code modelspec.title}
     * @throws java.io.UncheckedIOException if the file cannot be written
     */
    public static void save(Adapter adapter, Path file, LoraFormat format, Map<String, String> metadata) {
        if (adapter instanceof LoraAdapter lora) {
            LoraFiles.save(lora, file, format, metadata);
        } else if (adapter instanceof FullAdapter full) {
            FullFiles.save(full, file, format, metadata);
        }
    }

    /**
     * Writes the whole weights of a network with an adapter added to them, under the network's own names.
     *
     * @param weights every tensor of the network by name
     * @throws IllegalArgumentException if the adapter was made for another network
     * @throws java.io.UncheckedIOException if the file cannot be written
     */
    public static void saveMerged(Adapter adapter, LoraTargets network, Map<String, Tensor> weights, Path file) {
        try (Adapter.Merged merged = adapter.mergeInto(network)) {
            Map<String, Tensor> whole = new TreeMap<>(weights);
            network.trainable().forEach((name, parameter) -> whole.put(name, parameter.value()));
            SafeTensors.write(file, whole, Map.of("format", "pt"));
        }
    }

    /**
     * The tensors of an adapter's file with the values as they are trained, alpha beside them: folding alpha into them would change what a resumed run
     * holds. Made in the caller's scope.
     */
    public static SortedMap<String, Tensor> trained(Adapter adapter) {
        SortedMap<String, Tensor> tensors = new TreeMap<>(adapter.parameters());
        if (adapter instanceof LoraAdapter lora && lora.alpha() != lora.rank()) {
            lora.layers()
                    .keySet()
                    .forEach(path -> tensors.put(lora.prefix() + "." + path + ".alpha", Tensor.scalar(lora.alpha())));
        }
        return tensors;
    }

    /** The one network a file is for. */
    static String single(SafeTensors tensors, SortedSet<String> prefixes) {
        if (prefixes.size() > 1) {
            throw new ModelFormatException(
                    tensors.file().toString(), "it holds adapters for several networks " + prefixes);
        }
        return prefixes.isEmpty() ? "network" : prefixes.first();
    }
}
