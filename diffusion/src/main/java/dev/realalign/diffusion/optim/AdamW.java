package dev.realalign.diffusion.optim;

import dev.realalign.diffusion.tensor.Autograd;
import dev.realalign.diffusion.tensor.ElementType;
import dev.realalign.diffusion.tensor.Ops;
import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.diffusion.tensor.TensorScope;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * AdamW (Loshchilov and Hutter, arXiv 1711.05101) by libtorch's fused kernel, over leaves whose gradients a backward pass has gathered.
 *
 * <pre>{@code
 * Autograd.backward(prediction, gradOutput);
 * double norm = optimizer.clip(1.0);
 * optimizer.step(learningRate);
 * optimizer.clear();
 * }</pre>
 */
public final class AdamW implements AutoCloseable {
    private static final String MEAN = ".exp_avg";
    private static final String SQUARE = ".exp_avg_sq";
    private static final String STEP = ".step";

    private final Config config;
    private final List<String> names;
    private final List<Tensor> parameters;
    private final List<Tensor> means = new ArrayList<>();
    private final List<Tensor> squares = new ArrayList<>();
    private final List<Tensor> steps = new ArrayList<>();

    /**
     * Settings beside the learning rate.
     *
     * @param beta1 decay of the gradient's average, in [0, 1)
     * @param beta2 decay of the squared gradient's average, in [0, 1)
     * @param eps added to the denominator after bias correction, positive
     * @param weightDecay decoupled: each step shrinks a weight by learning rate times this
     */
    public record Config(double beta1, double beta2, double eps, double weightDecay) {
        /** PyTorch's defaults. */
        public static final Config DEFAULT = new Config(0.9, 0.999, 1e-8, 1e-2);

        public Config {
            if (!(beta1 >= 0 && beta1 < 1 && beta2 >= 0 && beta2 < 1 && eps > 0 && weightDecay >= 0)) {
                throw new IllegalArgumentException(
                        "AdamW needs betas in [0, 1), a positive eps and a weight decay from 0, not " + beta1 + ", "
                                + beta2 + ", " + eps + ", " + weightDecay);
            }
        }
    }

    /**
     * An optimizer whose averages are zero.
     *
     * @param parameters F32 leaves by name; they stay the caller's
     */
    public AdamW(Map<String, Tensor> parameters, Config config) {
        SortedMap<String, Tensor> sorted = new TreeMap<>(parameters);
        this.config = config;
        this.names = List.copyOf(sorted.keySet());
        this.parameters = List.copyOf(sorted.values());
        for (Tensor parameter : this.parameters) {
            means.add(zerosLike(parameter));
            squares.add(zerosLike(parameter));
            steps.add(Tensor.full(0, ElementType.F32).to(parameter.device()).unscoped());
        }
    }

    /** Zeros of the same shape, memory layout and device. */
    private static Tensor zerosLike(Tensor parameter) {
        return Autograd.withoutGrad(() -> TensorScope.of(() -> Ops.zerosLike(parameter)))
                .unscoped();
    }

    /**
     * Scales all gradients together so that their norm is at most a bound.
     *
     * @return the norm before scaling; when it is not finite the gradients are left as they are
     */
    public double clip(double maxNorm) {
        try (TensorScope scope = TensorScope.open()) {
            List<Tensor> gradients = gradients();
            double norm = Ops.totalNorm(gradients).item();
            double factor = maxNorm / (norm + 1e-6); // the 1e-6 is torch.nn.utils.clip_grad_norm_'s
            if (Double.isFinite(norm) && factor < 1) {
                Ops.scaleAllInPlace(gradients, factor);
            }
            return norm;
        }
    }

    /**
     * One update of every parameter.
     *
     * @throws IllegalStateException if a parameter has no gradient; nothing is updated then
     */
    public void step(double learningRate) {
        try (TensorScope scope = TensorScope.open()) {
            step(gradients(), learningRate);
        }
    }

    /** One update with gradients given in the order of the parameters' sorted names. */
    public void step(List<Tensor> gradients, double learningRate) {
        Ops.adamw(
                parameters,
                gradients,
                means,
                squares,
                steps,
                learningRate,
                config.beta1(),
                config.beta2(),
                config.weightDecay(),
                config.eps());
    }

    private List<Tensor> gradients() {
        return parameters.stream().map(Autograd::gradient).toList();
    }

    /** Zeroes the gradients of all parameters. */
    public void clear() {
        Autograd.clear(parameters);
    }

    /** How many updates there have been. */
    public long steps() {
        return steps.isEmpty() ? 0 : (long) steps.get(0).item();
    }

    /**
     * The state: {@code NAME.exp_avg}, {@code NAME.exp_avg_sq} and {@code NAME.step} of each parameter, sorted. The tensors belong to the optimizer and
     * change with its next step: write or copy them at once.
     */
    public SortedMap<String, Tensor> exportState() {
        SortedMap<String, Tensor> state = new TreeMap<>();
        for (int i = 0; i < names.size(); i++) {
            state.put(names.get(i) + MEAN, means.get(i));
            state.put(names.get(i) + SQUARE, squares.get(i));
            state.put(names.get(i) + STEP, steps.get(i));
        }
        return state;
    }

    /**
     * Takes over an exported state, copying it.
     *
     * @throws IllegalArgumentException if it is not that of the same parameters; everything that differs is named and nothing is taken over
     */
    public void importState(Map<String, Tensor> state) {
        SortedMap<String, Tensor> own = exportState();
        List<String> problems = new ArrayList<>();
        own.forEach((name, tensor) -> {
            Tensor given = state.get(name);
            if (given == null) {
                problems.add(name + " is missing");
            } else if (!Arrays.equals(given.shape(), tensor.shape())) {
                problems.add(name + " has shape " + Arrays.toString(given.shape()) + ", expected "
                        + Arrays.toString(tensor.shape()));
            }
        });
        state.keySet().stream()
                .filter(name -> !own.containsKey(name))
                .forEach(name -> problems.add(name + " is unexpected"));
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException("the optimizer state does not fit: " + String.join("; ", problems));
        }
        state.forEach((name, tensor) -> {
            Tensor mine = own.get(name);
            if (mine != null) {
                mine.assignInPlace(tensor);
            }
        });
    }

    @Override
    public void close() {
        means.forEach(Tensor::close);
        squares.forEach(Tensor::close);
        steps.forEach(Tensor::close);
    }
}
