package dev.realalign.diffusion.nn;

import dev.realalign.diffusion.tensor.Autograd;
import dev.realalign.diffusion.tensor.Device;
import dev.realalign.diffusion.tensor.ElementType;
import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.diffusion.tensor.TensorScope;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** The tensors of a network that has been built, by published name; the network owns them. */
public final class Network implements AutoCloseable {
    private final Map<String, Tensor> tensors;
    private final Map<String, Linear> linears;
    private final Map<String, Parameter> parameters;
    private final ElementType type;
    private final Device device;
    private boolean checkpointing;

    /**
     * Takes what a construction has gathered.
     *
     * @throws dev.realalign.diffusion.ModelFormatException if the weights do not fit
     */
    public Network(Weights weights) {
        this.tensors = weights.finish();
        this.linears = weights.linears();
        this.parameters = weights.parameters();
        this.type = weights.type();
        this.device = weights.device();
    }

    /** Every tensor by name, in the order the layers asked for them. */
    public Map<String, Tensor> tensors() {
        return tensors;
    }

    /** The linear layers by path: where low-rank adapters go. */
    public Map<String, Linear> linears() {
        return linears;
    }

    /** What training may change, by name: where full differences go. */
    public Map<String, Parameter> parameters() {
        return parameters;
    }

    /** The number of weights. */
    public long parameterCount() {
        return tensors.values().stream().mapToLong(Tensor::count).sum();
    }

    /** The type the network computes in. */
    public ElementType type() {
        return type;
    }

    public Device device() {
        return device;
    }

    /** An input as the network wants it. */
    public Tensor input(Tensor x) {
        return x.to(device).to(type);
    }

    /** Whether {@link #block} forgets intermediates in recorded passes and computes them again in the backward pass. */
    public void checkpointBlocks(boolean enabled) {
        checkpointing = enabled;
    }

    /**
     * Runs a block of this network in a scope of its own, so that its intermediates are freed; under
     * {@link #checkpointBlocks} as a checkpoint, which has the additions of now when it is computed again, whatever
     * adapter is in use then.
     *
     * @param inputs everything the block depends on beside the network's weights, as {@link Autograd#checkpoint} wants it
     * @return its results, in the caller's scope
     */
    public List<Tensor> block(List<Tensor> inputs, UnaryOperator<List<Tensor>> computation) {
        if (!checkpointing || !Autograd.isRecording()) {
            return TensorScope.ofAll(() -> computation.apply(inputs));
        }
        List<@Nullable LowRank> now = lowRanks();
        List<@Nullable Tensor> differencesNow = differences();
        return Autograd.checkpoint(inputs, given -> {
            List<@Nullable LowRank> then = lowRanks();
            List<@Nullable Tensor> differencesThen = differences();
            useLowRanks(now);
            useDifferences(differencesNow);
            try {
                return computation.apply(given);
            } finally {
                useLowRanks(then);
                useDifferences(differencesThen);
            }
        });
    }

    /** A block of one result. */
    public Tensor singleBlock(List<Tensor> inputs, Function<List<Tensor>, Tensor> computation) {
        return block(inputs, given -> List.of(computation.apply(given))).get(0);
    }

    private List<@Nullable LowRank> lowRanks() {
        List<@Nullable LowRank> added = new ArrayList<>();
        linears.values().forEach(linear -> added.add(linear.lowRank()));
        return added;
    }

    private void useLowRanks(List<@Nullable LowRank> added) {
        Iterator<@Nullable LowRank> next = added.iterator();
        linears.values().forEach(linear -> linear.useLowRank(next.next()));
    }

    private List<@Nullable Tensor> differences() {
        List<@Nullable Tensor> added = new ArrayList<>();
        parameters.values().forEach(parameter -> added.add(parameter.difference()));
        return added;
    }

    private void useDifferences(List<@Nullable Tensor> added) {
        Iterator<@Nullable Tensor> next = added.iterator();
        parameters.values().forEach(parameter -> parameter.useDifference(next.next()));
    }

    @Override
    public void close() {
        tensors.values().forEach(Tensor::close);
    }
}
