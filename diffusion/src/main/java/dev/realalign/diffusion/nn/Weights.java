package dev.realalign.diffusion.nn;

import dev.realalign.diffusion.ModelFormatException;
import dev.realalign.diffusion.tensor.Device;
import dev.realalign.diffusion.tensor.ElementType;
import dev.realalign.diffusion.tensor.SafeTensors;
import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.diffusion.tensor.TensorScope;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Where a network under construction gets its tensors from: a file, a random draw, or nothing but their shapes.
 *
 * <p>Layers ask for tensors by name below a path ({@link #at}). A tensor that is missing or has another shape is noted and replaced by a placeholder, so
 * that construction goes on and {@link #finish} can list everything that does not fit, together with what the file holds and nobody asked for.
 */
public final class Weights {
    private static final Source PLACEHOLDERS = new ZeroSource();

    private final Loading loading;
    private final String path;

    private Weights(Loading loading, String path) {
        this.loading = loading;
        this.path = path;
    }

    /** What one construction gathers. */
    private static final class Loading {
        final Source source;
        final ElementType type;
        final Device device;
        final Map<String, Tensor> tensors = new LinkedHashMap<>();
        final Map<String, Linear> linears = new LinkedHashMap<>();
        final Map<String, Parameter> parameters = new LinkedHashMap<>();
        final Set<String> used = new HashSet<>();
        final List<String> problems = new ArrayList<>();
        final List<Predicate<String>> tolerated = new ArrayList<>();

        Loading(Source source, ElementType type, Device device) {
            this.source = source;
            this.type = type;
            this.device = device;
        }
    }

    private interface Source {
        /** What messages call it. */
        String name();

        /** The names it lists; empty for a source that makes up what it is asked for. */
        Set<String> names();

        /** The shape it has for a name, or null where it lacks the tensor. */
        long @Nullable [] shape(String name, long[] expected);

        Tensor load(String name, long[] shape, ElementType type);
    }

    /** Tensors of files, converted to the type the network computes in and moved to its device. */
    public static Weights of(WeightFiles files, ElementType type, Device device) {
        return root(new FileSource(files), type, device);
    }

    /** Tensors of files, in F32 on the CPU. */
    public static Weights of(WeightFiles files) {
        return of(files, ElementType.F32, Device.CPU);
    }

    /**
     * Fresh weights: matrices and kernels uniform in +-1/sqrt(fan in) as PyTorch's layers draw them, one-axis weights 1, biases 0. Each tensor is a
     * function of the seed and its name.
     */
    public static Weights random(long seed, ElementType type, Device device) {
        return root(new RandomSource(seed), type, device);
    }

    /** Zeros that take no memory: for counting and checking shapes of networks of any size. */
    public static Weights zeros() {
        return root(new ZeroSource(), ElementType.F32, Device.CPU);
    }

    /**
     * The tensors of a network that is there already, for a second one of the same architecture. On a device where they lie
     * they are shared, not copied; each network closes its own handles.
     */
    public static Weights sharing(Network network, Device device) {
        return root(new NetworkSource(network.tensors()), network.type(), device);
    }

    private static Weights root(Source source, ElementType type, Device device) {
        return new Weights(new Loading(source, type, device), "");
    }

    /** The weights below a child: {@code at("attn1").at("to_q")} is {@code attn1.to_q}. */
    public Weights at(String child) {
        return new Weights(loading, path.isEmpty() ? child : path + "." + child);
    }

    /** The weights of the n-th child of a list. */
    public Weights at(int child) {
        return at(Integer.toString(child));
    }

    /** Where this is, without the final dot; empty at the root. */
    public String path() {
        return path;
    }

    /** The type that the network computes in. */
    public ElementType type() {
        return loading.type;
    }

    public Device device() {
        return loading.device;
    }

    /** Whether the file lists a tensor of this name here: how a layer recognises an older layout. */
    public boolean has(String name) {
        return loading.source.names().contains(full(name));
    }

    private String full(String name) {
        return path.isEmpty() ? name : path + "." + name;
    }

    /** A tensor of the network, owned by it. */
    public Tensor tensor(String name, long... shape) {
        return tensor(name, shape, List.of());
    }

    /**
     * A tensor that older files hold in another shape of as many elements (1x1 convolutions for matrices).
     *
     * @param alsoAccepted stored shapes that are reshaped to {@code shape}
     */
    public Tensor tensor(String name, long[] shape, List<long[]> alsoAccepted) {
        String full = full(name);
        loading.used.add(full);
        long[] stored = loading.source.shape(full, shape);
        if (stored == null) {
            loading.problems.add(full + " is missing; expected shape " + Arrays.toString(shape));
            return register(full, PLACEHOLDERS, shape);
        }
        if (!Arrays.equals(stored, shape) && alsoAccepted.stream().noneMatch(other -> Arrays.equals(stored, other))) {
            loading.problems.add(
                    full + " has shape " + Arrays.toString(stored) + ", expected " + Arrays.toString(shape));
            return register(full, PLACEHOLDERS, shape);
        }
        return register(full, loading.source, shape);
    }

    /** A tensor of the network that training may change. */
    public Parameter parameter(String name, long... shape) {
        return parameter(name, shape, List.of());
    }

    /** As {@link #parameter(String, long...)}, of a tensor that older files hold in another shape. */
    public Parameter parameter(String name, long[] shape, List<long[]> alsoAccepted) {
        Parameter parameter = new Parameter(tensor(name, shape, alsoAccepted));
        loading.parameters.put(full(name), parameter);
        return parameter;
    }

    private Tensor register(String full, Source source, long[] shape) {
        try (TensorScope scope = TensorScope.open()) {
            Tensor tensor =
                    source.load(full, shape, loading.type).to(loading.device).unscoped();
            loading.tensors.put(full, tensor);
            return tensor;
        }
    }

    /** Lets tensors whose whole name matches be in the file without being used. */
    public void tolerate(String regex) {
        loading.tolerated.add(Pattern.compile(regex).asMatchPredicate());
    }

    void register(Linear linear) {
        loading.linears.put(path, linear);
    }

    /** The network's linear layers so far, by path, in the order they were made. */
    public Map<String, Linear> linears() {
        return Collections.unmodifiableMap(loading.linears);
    }

    /** What training may change of the network so far, by name, in the order it was asked for. */
    public Map<String, Parameter> parameters() {
        return Collections.unmodifiableMap(loading.parameters);
    }

    /**
     * Ends the construction.
     *
     * @return every tensor of the network by name, in the order it was asked for
     * @throws ModelFormatException naming the file and every tensor that is missing, misshapen or unexpected; what was loaded is freed
     */
    public Map<String, Tensor> finish() {
        List<String> problems = new ArrayList<>(loading.problems);
        loading.source.names().stream()
                .filter(name -> !loading.used.contains(name))
                .filter(name -> loading.tolerated.stream().noneMatch(rule -> rule.test(name)))
                .sorted()
                .forEach(name -> problems.add(name + " is not part of this network"));
        if (!problems.isEmpty()) {
            loading.tensors.values().forEach(Tensor::close);
            throw new ModelFormatException(loading.source.name(), problems);
        }
        return Collections.unmodifiableMap(new LinkedHashMap<>(loading.tensors));
    }

    /**
     * Builds a network from these weights; if its configuration contradicts itself, frees what was loaded.
     *
     * @param configuration what messages call the configuration: its file
     * @throws ModelFormatException if the configuration contradicts itself or the weights do not fit
     */
    public <T> T build(String configuration, Function<Weights, T> constructor) {
        try {
            return constructor.apply(this);
        } catch (IllegalArgumentException e) {
            loading.tensors.values().forEach(Tensor::close);
            throw new ModelFormatException(configuration, String.valueOf(e.getMessage()));
        }
    }

    private record FileSource(WeightFiles files) implements Source {
        @Override
        public String name() {
            return files.name();
        }

        @Override
        public Set<String> names() {
            return files.tensors();
        }

        @Override
        public long @Nullable [] shape(String name, long[] expected) {
            SafeTensors.Entry entry = files.entry(name);
            return entry == null ? null : entry.lengths();
        }

        @Override
        public Tensor load(String name, long[] shape, ElementType type) {
            return files.load(name, type).reshape(shape);
        }
    }

    private record NetworkSource(Map<String, Tensor> tensors) implements Source {
        @Override
        public String name() {
            return "another network's weights";
        }

        @Override
        public Set<String> names() {
            return tensors.keySet();
        }

        @Override
        public long @Nullable [] shape(String name, long[] expected) {
            Tensor tensor = tensors.get(name);
            return tensor == null ? null : tensor.shape();
        }

        @Override
        public Tensor load(String name, long[] shape, ElementType type) {
            return Objects.requireNonNull(tensors.get(name)).detach(); // a handle of its own on the same memory
        }
    }

    private record RandomSource(long seed) implements Source {
        @Override
        public String name() {
            return "random weights";
        }

        @Override
        public Set<String> names() {
            return Set.of();
        }

        @Override
        public long[] shape(String name, long[] expected) {
            return expected;
        }

        @Override
        public Tensor load(String name, long[] shape, ElementType type) {
            if (shape.length < 2) {
                return Tensor.full(name.endsWith("weight") ? 1 : 0, type, shape);
            }
            long fanIn = 1;
            for (int axis = 1; axis < shape.length; axis++) {
                fanIn *= shape[axis];
            }
            double bound = 1 / Math.sqrt(fanIn);
            return Tensor.uniform(seed * 31 + name.hashCode(), -bound, bound, shape)
                    .to(type);
        }
    }

    private record ZeroSource() implements Source {
        @Override
        public String name() {
            return "zero weights";
        }

        @Override
        public Set<String> names() {
            return Set.of();
        }

        @Override
        public long[] shape(String name, long[] expected) {
            return expected;
        }

        @Override
        public Tensor load(String name, long[] shape, ElementType type) {
            return Tensor.full(0, type).expand(shape);
        }
    }
}
