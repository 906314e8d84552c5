package dev.realalign.diffusion.tensor;

import ai.djl.pytorch.jni.TorchNatives;
import java.util.List;
import java.util.function.Supplier;

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
        withoutGrad(() -> Ops.LIBRARY.runForEffect("backward", outputs, gradOutputs));
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
        if (hasGradient(leaf)) {
            try (Tensor gradient = gradient(leaf)) {
                Autograd.withoutGrad(() -> Ops.LIBRARY.runForEffect("zero_in_place", gradient));
            }
        }
    }

    /** Zeroes the gradients of several leaves. */
    public static void clear(Iterable<Tensor> leaves) {
        leaves.forEach(Autograd::clear);
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
