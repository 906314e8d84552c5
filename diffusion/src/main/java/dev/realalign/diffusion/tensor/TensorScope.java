package dev.realalign.diffusion.tensor;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A lifetime: every tensor made on this thread while the scope is the innermost one is freed when it closes, unless it
 * was kept. Scopes nest; one per training step and one per network block bound the memory in use.
 *
 * <pre>{@code
 * try (TensorScope step = TensorScope.open()) {
 *     Tensor y = network.forward(x);
 *     ...
 *     return step.keep(y);   // survives, in the scope around this one or owned by the caller
 * }
 * }</pre>
 *
 * <p>Freeing a tensor that a recorded computation still needs is sound: the recording holds its own reference.
 */
public final class TensorScope implements AutoCloseable {
    private final @Nullable TensorScope outer;
    private final Thread thread;
    private final List<Tensor> tensors = new ArrayList<>();
    private boolean closed;

    private TensorScope(@Nullable TensorScope outer) {
        this.outer = outer;
        this.thread = Thread.currentThread();
    }

    /** Opens a scope inside the thread's innermost one. Close it on the same thread, inner before outer. */
    public static TensorScope open() {
        TorchEngine.ThreadState state = TorchEngine.state();
        TensorScope scope = new TensorScope(state.scope);
        state.scope = scope;
        return scope;
    }

    /** Runs a computation in a scope of its own and keeps only its result. */
    public static Tensor of(Supplier<Tensor> computation) {
        try (TensorScope scope = open()) {
            return scope.keep(computation.get());
        }
    }

    /** Runs a computation in a scope of its own and keeps only its results. */
    public static List<Tensor> ofAll(Supplier<List<Tensor>> computation) {
        try (TensorScope scope = open()) {
            return computation.get().stream().map(scope::keep).toList();
        }
    }

    /**
     * Moves a tensor out of this scope into the one around it; with none around it, the caller owns the tensor from then
     * on and closes it. A tensor that does not live in this scope stays where it is.
     *
     * @return the same tensor
     */
    public Tensor keep(Tensor tensor) {
        if (tensor.scope == this) {
            forget(tensor);
            if (outer != null) {
                outer.adopt(tensor);
            }
        }
        return tensor;
    }

    /** Frees what still lives in this scope. Closing twice does nothing. */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        TorchEngine.ThreadState state = TorchEngine.state();
        if (Thread.currentThread() != thread || !Objects.equals(state.scope, this)) {
            throw new IllegalStateException(
                    "a TensorScope must be closed on its own thread and before the scope around it");
        }
        closed = true;
        state.scope = outer;
        for (int i = tensors.size() - 1; i >= 0; i--) {
            Tensor tensor = tensors.get(i);
            tensor.scope = null;
            tensor.close();
        }
        tensors.clear();
    }

    /** The scope around all others of this one. */
    TensorScope outermost() {
        TensorScope scope = this;
        while (scope.outer != null) {
            scope = scope.outer;
        }
        return scope;
    }

    void adopt(Tensor tensor) {
        tensor.scope = this;
        tensor.slot = tensors.size();
        tensors.add(tensor);
    }

    /** Takes a tensor off the list; the last one fills its place. */
    void forget(Tensor tensor) {
        if (Thread.currentThread() != thread) {
            throw new IllegalStateException(
                    "a tensor that lives in a TensorScope must be closed or kept on the scope's thread");
        }
        Tensor last = tensors.remove(tensors.size() - 1);
        if (last != tensor) {
            tensors.set(tensor.slot, last);
            last.slot = tensor.slot;
        }
        tensor.scope = null;
    }
}
