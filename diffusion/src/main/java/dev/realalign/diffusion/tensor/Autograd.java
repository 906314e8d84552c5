package dev.realalign.diffusion.tensor;

import ai.djl.pytorch.jni.TorchNatives;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/**
 * Reverse-mode differentiation. Recording is off on every thread until asked for, and belongs to the thread that asked.
 *
 * <pre>{@code
 * Tensor prediction = Autograd.withGrad(() -> denoiser.predict(noisy, timesteps, conditioning));
 * Autograd.backward(prediction, gradOfPrediction);
 * Tensor g = Autograd.gradient(weight);
 * }</pre>
 */
public final class Autograd {
    private Autograd() {}

    /** Whether operations of this thread are recorded. */
    public static boolean isRecording() {
        return TorchEngine.state().recording;
    }

    /** Runs a computation with recording on. */
    public static <T> T withGrad(Supplier<T> computation) {
        return recording(true, computation);
    }

    /** Runs a computation with recording off. */
    public static <T> T withoutGrad(Supplier<T> computation) {
        return recording(false, computation);
    }

    /** Runs an action with recording off. */
    public static void withoutGrad(Runnable action) {
        recording(false, () -> {
            action.run();
            return true;
        });
    }

    private static <T> T recording(boolean on, Supplier<T> computation) {
        TorchEngine.ThreadState state = TorchEngine.state();
        boolean before = state.recording;
        switchTo(state, on);
        try {
            return computation.get();
        } finally {
            switchTo(state, before);
        }
    }

    private static void switchTo(TorchEngine.ThreadState state, boolean on) {
        if (state.recording != on) {
            TorchNatives.setGradMode(on);
            state.recording = on;
        }
    }

    /**
     * Adds to the gradients of all leaves behind an output. The recording is used up.
     *
     * @param gradOutput the derivative of the loss by the output, of the output's shape
     */
    public static void backward(Tensor output, Tensor gradOutput) {
        backward(List.of(output), List.of(gradOutput));
    }

    /** Adds to the gradients of all leaves behind several outputs, in one pass. */
    public static void backward(List<Tensor> outputs, List<Tensor> gradOutputs) {
        if (outputs.size() != gradOutputs.size()) {
            throw new IllegalArgumentException(
                    outputs.size() + " outputs need as many gradients, not " + gradOutputs.size());
        }
        backward(outputs, gradOutputs, 0);
    }

    /** @param from the first checkpoint that may be replayed: inside a replay, only those it made itself */
    private static void backward(List<Tensor> outputs, List<Tensor> gradOutputs, int from) {
        withoutGrad(() -> {
            Ops.LIBRARY.runForEffect("backward", outputs, gradOutputs);
            recompute(TorchEngine.state().checkpoints, from);
        });
    }

    /**
     * Runs a computation without keeping its intermediates for the backward pass, which runs it once more when it gets
     * there (gradient checkpointing, arXiv 1604.06174). Outside recording it simply runs.
     *
     * <p>The computation must give the same results both times. Checkpoints are replayed by {@link #backward(List, List)},
     * not by {@link #gradients}; one that no backward pass reaches is forgotten when the thread's outermost scope ends.
     *
     * @param inputs everything the computation depends on other than leaves it reaches itself: constants, leaves, and
     *     results of other checkpoints
     * @return its results, in the caller's scope
     * @throws IllegalArgumentException if an input is itself the result of a recorded operation
     */
    public static List<Tensor> checkpoint(List<Tensor> inputs, UnaryOperator<List<Tensor>> computation) {
        TorchEngine.ThreadState state = TorchEngine.state();
        if (!state.recording) {
            return TensorScope.ofAll(() -> computation.apply(inputs));
        }
        for (Tensor input : inputs) {
            if (input.requiresGrad() && !TorchNatives.isTrainableLeaf(input.handle())) {
                throw new IllegalArgumentException(
                        "a checkpoint's input " + input + " is the result of a recorded operation outside checkpoints");
            }
        }
        List<Tensor> outputs = withoutGrad(() -> TensorScope.ofAll(() -> computation.apply(inputs)));
        outputs.forEach(Tensor::requireGrad);
        state.checkpoints.add(new Segment(held(inputs, state), computation, held(outputs, state)));
        return outputs;
    }

    /** A computation to run again: its inputs and results, by handles of the tape's own. */
    record Segment(List<Tensor> inputs, UnaryOperator<List<Tensor>> computation, List<Tensor> outputs) {
        boolean isForgotten() {
            return outputs.get(0).isClosed();
        }

        boolean isReached() {
            return outputs.stream().anyMatch(Autograd::hasGradient);
        }

        /** Runs the computation with recording and passes the gradients of its results on to its inputs. */
        void replay() {
            try (TensorScope scope = TensorScope.open()) {
                int from = TorchEngine.state().checkpoints.size();
                List<Tensor> fresh = inputs.stream()
                        .map(input -> input.requiresGrad() ? input.detach().requireGrad() : input)
                        .toList();
                List<Tensor> again = withGrad(() -> computation.apply(fresh));
                List<Tensor> reached = new ArrayList<>();
                List<Tensor> gradients = new ArrayList<>();
                for (int i = 0; i < again.size(); i++) {
                    if (hasGradient(outputs.get(i)) && again.get(i).requiresGrad()) {
                        reached.add(again.get(i));
                        gradients.add(gradient(outputs.get(i)));
                    }
                }
                if (!reached.isEmpty()) {
                    backward(reached, gradients, from);
                }
                for (int i = 0; i < fresh.size(); i++) {
                    if (fresh.get(i) != inputs.get(i) && hasGradient(fresh.get(i))) {
                        Ops.LIBRARY.runForEffect("backward", List.of(inputs.get(i)), List.of(gradient(fresh.get(i))));
                    }
                }
            } finally {
                inputs.forEach(Tensor::close);
                outputs.forEach(Tensor::close);
            }
        }
    }

    /** Handles that live until the segment is replayed or the thread's outermost scope ends. */
    private static List<Tensor> held(List<Tensor> tensors, TorchEngine.ThreadState state) {
        TensorScope scope = state.scope;
        List<Tensor> held = new ArrayList<>();
        for (Tensor tensor : tensors) {
            Tensor alias = tensor.alias().unscoped();
            if (scope != null) {
                scope.outermost().adopt(alias);
            }
            held.add(alias);
        }
        return held;
    }

    /** Replays the checkpoints that gradients have reached, last first; others wait for their own backward pass. */
    private static void recompute(List<Segment> checkpoints, int from) {
        for (int i = checkpoints.size() - 1; i >= from; i--) {
            if (checkpoints.get(i).isForgotten()) {
                checkpoints.remove(i);
            } else if (checkpoints.get(i).isReached()) {
                checkpoints.remove(i).replay();
            }
        }
    }

    /** Whether a leaf has gathered a gradient. */
    public static boolean hasGradient(Tensor leaf) {
        long gradient = TorchNatives.gradient(leaf.handle());
        if (gradient == 0) {
            return false;
        }
        TorchNatives.delete(gradient);
        return true;
    }

    /**
     * The gradient a leaf has gathered since it was cleared. It shares the leaf's gradient memory: further backward
     * passes add to it, {@link #clear} zeroes it.
     *
     * @throws IllegalStateException if no backward pass has reached the leaf
     */
    public static Tensor gradient(Tensor leaf) {
        long gradient = TorchNatives.gradient(leaf.handle());
        if (gradient == 0) {
            throw new IllegalStateException(leaf + " has no gradient: no backward pass has reached it");
        }
        return Tensor.adopt(gradient);
    }

    /** Zeroes the gradient a leaf has gathered, if any. */
    public static void clear(Tensor leaf) {
        clear(List.of(leaf));
    }

    /** Zeroes the gradients that several leaves have gathered. */
    public static void clear(Collection<Tensor> leaves) {
        try (TensorScope scope = TensorScope.open()) {
            List<Tensor> gradients = leaves.stream()
                    .filter(Autograd::hasGradient)
                    .map(Autograd::gradient)
                    .toList();
            Ops.zeroAllInPlace(gradients);
        }
    }

    /**
     * The derivatives of outputs by leaves, without touching what the leaves have gathered.
     *
     * @return one gradient per leaf, zeros for a leaf the outputs do not depend on
     */
    public static List<Tensor> gradients(List<Tensor> outputs, List<Tensor> gradOutputs, List<Tensor> leaves) {
        return withoutGrad(() -> Ops.LIBRARY.runForList("gradients", outputs, gradOutputs, leaves));
    }
}
