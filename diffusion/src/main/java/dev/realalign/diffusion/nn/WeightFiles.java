package dev.realalign.diffusion.nn;

import com.fasterxml.jackson.databind.JsonNode;
import dev.realalign.diffusion.JsonConfig;
import dev.realalign.diffusion.ModelFormatException;
import dev.realalign.diffusion.tensor.ElementType;
import dev.realalign.diffusion.tensor.SafeTensors;
import dev.realalign.diffusion.tensor.Tensor;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The tensors of one network, in one safetensors file or in shards with an index.
 *
 * <p>Names tried in a folder, for the stem {@code diffusion_pytorch_model} and the variant {@code fp16}: {@code STEM.fp16.safetensors},
 * {@code STEM.safetensors.index.fp16.json}; without a variant {@code STEM.safetensors}, {@code STEM.safetensors.index.json}.
 */
public final class WeightFiles implements AutoCloseable {
    private final String name;
    private final List<SafeTensors> files;
    private final SortedMap<String, SafeTensors> holders = new TreeMap<>();

    private WeightFiles(String name, List<SafeTensors> files) {
        this.name = name;
        this.files = files;
        for (SafeTensors file : files) {
            file.entries().keySet().forEach(tensor -> holders.put(tensor, file));
        }
    }

    /** One file. */
    public static WeightFiles open(Path file) {
        return new WeightFiles(file.toString(), List.of(SafeTensors.open(file)));
    }

    /**
     * The weights in a folder of the diffusers layout.
     *
     * @param stem file name without endings: {@code diffusion_pytorch_model}, or {@code model} for text encoders
     * @param variant {@code fp16} or the like to prefer; null prefers the plain files. Whichever is wanted, the only one there is taken.
     * @throws ModelFormatException if there is none, naming what was looked for and how a pickle is converted
     */
    public static WeightFiles find(Path folder, String stem, @Nullable String variant) {
        List<String> tried = new ArrayList<>();
        if (variant != null) {
            tried.add(stem + "." + variant + ".safetensors");
            tried.add(stem + ".safetensors.index." + variant + ".json");
        }
        tried.add(stem + ".safetensors");
        tried.add(stem + ".safetensors.index.json");
        if (variant == null) {
            tried.addAll(variants(folder, stem));
        }
        for (String candidate : tried) {
            Path file = folder.resolve(candidate);
            if (Files.isRegularFile(file)) {
                return candidate.endsWith(".json") ? openShards(file) : open(file);
            }
        }
        throw new ModelFormatException(folder.toString(), missing(folder, stem));
    }

    private static List<String> variants(Path folder, String stem) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(file -> file.matches("\\Q" + stem + "\\E\\.[A-Za-z0-9]+\\.safetensors")
                            || file.matches("\\Q" + stem + "\\E\\.safetensors\\.index\\.[A-Za-z0-9]+\\.json"))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            return List.of(); // no such folder: the error names the file that was looked for
        }
    }

    private static String missing(Path folder, String stem) {
        try (Stream<Path> files = Files.list(folder)) {
            String pickle = files.map(file -> file.getFileName().toString())
                    .filter(file -> file.endsWith(".bin") || file.endsWith(".ckpt") || file.endsWith(".pt"))
                    .sorted()
                    .findFirst()
                    .orElse(null);
            if (pickle != null) {
                return "it holds " + pickle + " but no " + stem
                        + ".safetensors; pickle files can run code when loaded and are refused. "
                        + "Convert it once with Python: pipeline.save_pretrained(FOLDER, safe_serialization=True)";
            }
        } catch (IOException e) {
            return "the folder does not exist";
        }
        return "it holds no " + stem + ".safetensors and no " + stem + ".safetensors.index.json";
    }

    private static WeightFiles openShards(Path index) {
        Map<String, String> shardOf = JsonConfig.read(index, WeightFiles::weightMap);
        List<String> problems = new ArrayList<>();
        Map<String, SafeTensors> shards = new LinkedHashMap<>();
        for (String shard : new TreeSet<>(shardOf.values())) {
            if (!shard.endsWith(".safetensors") || shard.contains("/") || shard.contains("\\")) {
                problems.add("shard '" + shard + "' is not the name of a safetensors file beside the index");
                continue;
            }
            try {
                shards.put(shard, SafeTensors.open(index.resolveSibling(shard)));
            } catch (ModelFormatException e) {
                problems.add(String.valueOf(e.getMessage()));
            }
        }
        if (problems.isEmpty()) {
            shardOf.forEach((tensor, shard) -> {
                SafeTensors holder = shards.get(shard);
                if (holder != null && !holder.entries().containsKey(tensor)) {
                    problems.add(shard + " lacks " + tensor);
                }
            });
        }
        if (!problems.isEmpty()) {
            shards.values().forEach(SafeTensors::close);
            throw new ModelFormatException(index.toString(), problems);
        }
        return new WeightFiles(index.toString(), List.copyOf(shards.values()));
    }

    private static Map<String, String> weightMap(JsonConfig json) {
        Map<String, String> map = new LinkedHashMap<>();
        JsonNode node = json.node("weight_map");
        if (node == null || !node.isObject()) {
            json.problem("\"weight_map\" must be an object of tensor name to file name");
        } else {
            node.fields()
                    .forEachRemaining(
                            field -> map.put(field.getKey(), field.getValue().asText()));
        }
        return map;
    }

    /** What messages call these weights: the file or index. */
    public String name() {
        return name;
    }

    /** Every tensor's name. */
    public Set<String> tensors() {
        return Collections.unmodifiableSet(holders.keySet());
    }

    /** What a file says about a tensor, or null where no file has it. */
    public SafeTensors.@Nullable Entry entry(String tensor) {
        SafeTensors holder = holders.get(tensor);
        return holder == null ? null : holder.entries().get(tensor);
    }

    /** A copy of a tensor, converted. */
    public Tensor load(String tensor, ElementType type) {
        SafeTensors holder = holders.get(tensor);
        if (holder == null) {
            throw new ModelFormatException(name, "it has no tensor '" + tensor + "'");
        }
        return holder.load(tensor, type);
    }

    /** SHA-256 of the files' bytes, in the order of their names, as lower-case hex. */
    public static String sha256(List<Path> paths) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            byte[] buffer = new byte[1 << 20];
            for (Path path : paths) {
                try (InputStream in = Files.newInputStream(path)) {
                    for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                        digest.update(buffer, 0, n);
                    }
                }
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + paths + ": " + e.getMessage(), e);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    /** The files, in the order of their names. */
    public List<Path> paths() {
        return files.stream().map(SafeTensors::file).sorted().toList();
    }

    /** Unmaps the files; tensors loaded from them stay valid. */
    @Override
    public void close() {
        files.forEach(SafeTensors::close);
    }
}
