package dev.realalign.diffusion.lora;

import dev.realalign.diffusion.ModelFormatException;
import dev.realalign.diffusion.nn.Linear;
import dev.realalign.diffusion.nn.LowRank;
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
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * LoRA files. The scale alpha / rank is folded into the up matrices before writing and alpha is declared equal to the rank, so that loaders that
 * read alpha and loaders that assume a scale of 1 apply the same strength.
 */
public final class LoraFiles {
    private static final String KOHYA_DOWN = ".lora_down.weight";
    private static final String KOHYA_UP = ".lora_up.weight";
    private static final String ALPHA = ".alpha";
    private static final String RANK_KEY = "ss_network_dim";
    private static final String ALPHA_KEY = "ss_network_alpha";

    private LoraFiles() {}

    /**
     * Writes an adapter.
     *
     * @param metadata free texts for the header, such as {@code modelspec.title}; {@code ss_network_dim} and {@code ss_network_alpha} are set here
     * @throws java.io.UncheckedIOException if the file cannot be written
     */
    public static void save(LoraAdapter adapter, Path file, LoraFormat format, Map<String, String> metadata) {
        try (TensorScope scope = TensorScope.open()) {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            adapter.layers().forEach((path, layer) -> {
                Tensor down = layer.down().detach();
                Tensor up = layer.scale() == 1
                        ? layer.up().detach()
                        : layer.up().detach().mul(layer.scale());
                if (format == LoraFormat.PEFT) {
                    tensors.put(adapter.prefix() + "." + path + LoraAdapter.DOWN, down);
                    tensors.put(adapter.prefix() + "." + path + LoraAdapter.UP, up);
                } else {
                    String name = kohyaName(adapter.prefix(), path);
                    tensors.put(name + KOHYA_DOWN, down);
                    tensors.put(name + KOHYA_UP, up);
                    tensors.put(name + ALPHA, Tensor.scalar(adapter.rank()));
                }
            });
            SortedMap<String, String> texts = new TreeMap<>(metadata);
            texts.put("format", "pt");
            texts.put(RANK_KEY, Integer.toString(adapter.rank()));
            texts.put(ALPHA_KEY, Integer.toString(adapter.rank()));
            SafeTensors.write(file, tensors, texts);
        }
    }

    /** kohya's name of a layer: {@code lora_unet_down_blocks_0_..._to_out_0}. */
    static String kohyaName(String prefix, String path) {
        return "lora_" + prefix + "_" + path.replace('.', '_');
    }

    /** A layer an adapter may change: y (.., out) of x (.., in). */
    private record Site(long in, long out, Device device) {
        static Site of(Linear linear) {
            return new Site(linear.in(), linear.out(), linear.weight().device());
        }
    }

    /** One layer of a file. */
    private record Stored(Site site, String down, String up, @Nullable String alpha) {}

    /**
     * Reads an adapter in either layout. A layer without an alpha has the scale 1, as other loaders take it.
     *
     * @throws ModelFormatException if the file is unusable or is for another network; everything wrong is listed
     */
    public static LoraAdapter load(Path file, LoraTargets network) {
        try (SafeTensors tensors = SafeTensors.open(file)) {
            return load(tensors, network);
        }
    }

    static LoraAdapter load(SafeTensors tensors, LoraTargets network) {
        Map<String, Site> sites = new LinkedHashMap<>();
        network.linears().forEach((path, linear) -> sites.put(path, Site.of(linear)));
        return load(tensors, network.prefix(), sites);
    }

    /**
     * Reads an adapter without the network it is for, as one does who passes adapters on and holds no model. PEFT names only: kohya's do not tell
     * where a path is divided.
     *
     * @throws ModelFormatException if the file is unusable or is for several networks; everything wrong is listed
     */
    public static LoraAdapter load(Path file) {
        try (SafeTensors tensors = SafeTensors.open(file)) {
            return load(tensors);
        }
    }

    static LoraAdapter load(SafeTensors tensors) {
        Map<String, Site> sites = new TreeMap<>();
        TreeSet<String> prefixes = new TreeSet<>();
        for (String name : tensors.entries().keySet()) {
            int dot = name.indexOf('.');
            if (name.endsWith(LoraAdapter.DOWN) && dot < name.length() - LoraAdapter.DOWN.length()) {
                String module = name.substring(0, name.length() - LoraAdapter.DOWN.length());
                prefixes.add(module.substring(0, dot));
                sites.put(
                        module.substring(dot + 1),
                        new Site(length(tensors, name, 1), length(tensors, module + LoraAdapter.UP, 0), Device.CPU));
            }
        }
        return load(tensors, AdapterFiles.single(tensors, prefixes), sites);
    }

    private static LoraAdapter load(SafeTensors tensors, String prefix, Map<String, Site> sites) {
        List<String> problems = new ArrayList<>();
        SortedMap<String, Stored> layers = match(tensors, prefix, sites, problems);
        int rank = checkShapes(tensors, layers, problems);
        if (layers.isEmpty() && problems.isEmpty()) {
            problems.add("it holds no LoRA layers");
        }
        if (!problems.isEmpty()) {
            throw new ModelFormatException(tensors.file().toString(), problems);
        }
        return read(tensors, prefix, layers, rank);
    }

    private static SortedMap<String, Stored> match(
            SafeTensors tensors, String prefix, Map<String, Site> sites, List<String> problems) {
        SortedMap<String, Stored> layers = new TreeMap<>();
        TreeSet<String> unknown = new TreeSet<>(tensors.entries().keySet());
        sites.forEach((path, site) -> {
            String peft = prefix + "." + path;
            String kohya = kohyaName(prefix, path);
            addIfPresent(layers, path, site, unknown, peft + LoraAdapter.DOWN, peft + LoraAdapter.UP, peft + ALPHA);
            addIfPresent(layers, path, site, unknown, kohya + KOHYA_DOWN, kohya + KOHYA_UP, kohya + ALPHA);
        });
        unknown.forEach(name -> problems.add(name + " belongs to no linear layer of this " + prefix));
        return layers;
    }

    private static void addIfPresent(
            SortedMap<String, Stored> layers,
            String path,
            Site site,
            TreeSet<String> unknown,
            String down,
            String up,
            String alpha) {
        if (unknown.contains(down) && unknown.contains(up)) {
            unknown.remove(down);
            unknown.remove(up);
            layers.put(path, new Stored(site, down, up, unknown.remove(alpha) ? alpha : null));
        }
    }

    /** The one rank of all layers. */
    private static int checkShapes(SafeTensors tensors, SortedMap<String, Stored> layers, List<String> problems) {
        TreeSet<Long> ranks = new TreeSet<>();
        layers.forEach((path, stored) -> {
            long rank = length(tensors, stored.down(), 0);
            ranks.add(rank);
            expect(tensors, stored.down(), new long[] {rank, stored.site().in()}, problems);
            expect(tensors, stored.up(), new long[] {stored.site().out(), rank}, problems);
        });
        if (ranks.size() > 1) {
            problems.add("its layers have different ranks " + ranks + "; one rank for all is supported");
        }
        return ranks.isEmpty() ? 0 : Math.toIntExact(ranks.first());
    }

    private static long[] shape(SafeTensors tensors, String name) {
        SafeTensors.Entry entry = tensors.entries().get(name);
        return entry == null ? new long[0] : entry.lengths();
    }

    private static long length(SafeTensors tensors, String name, int axis) {
        long[] shape = shape(tensors, name);
        return axis < shape.length ? shape[axis] : 0;
    }

    private static void expect(SafeTensors tensors, String name, long[] expected, List<String> problems) {
        long[] shape = shape(tensors, name);
        if (!Arrays.equals(shape, expected)) {
            problems.add(name + " has shape " + Arrays.toString(shape) + ", expected " + Arrays.toString(expected));
        }
    }

    private static LoraAdapter read(SafeTensors tensors, String prefix, SortedMap<String, Stored> stored, int rank) {
        SortedMap<String, LowRank> layers = new TreeMap<>();
        double declared = rank;
        try (TensorScope scope = TensorScope.open()) {
            List<Double> alphas = new ArrayList<>();
            stored.forEach((path, layer) -> alphas.add(
                    layer.alpha() == null ? rank : tensors.load(layer.alpha()).item()));
            boolean uniform = alphas.stream().distinct().count() == 1;
            declared = uniform ? alphas.get(0) : rank;
            int at = 0;
            for (Map.Entry<String, Stored> entry : stored.entrySet()) {
                Stored layer = entry.getValue();
                Tensor up = tensors.load(layer.up(), ElementType.F32);
                double own = alphas.get(at++) / declared; // 1 unless layers declare different alphas
                Tensor scaled = own == 1 ? up : up.mul(own);
                Tensor down = tensors.load(layer.down(), ElementType.F32);
                layers.put(entry.getKey(), LoraAdapter.layer(layer.site().device(), down, scaled, declared / rank));
            }
        }
        return new LoraAdapter(prefix, rank, declared, layers);
    }
}
