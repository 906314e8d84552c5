package dev.realalign.diffusion.nn;

import dev.realalign.diffusion.tensor.Ops;
import dev.realalign.diffusion.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A tensor of a layer that training may change: the published value, with at most one full difference at a time, which is
 * added whenever the layer computes and never written into the value while training.
 */
public final class Parameter {
    private Tensor value;
    private @Nullable Tensor difference;

    Parameter(Tensor value) {
        this.value = value;
    }

    /**
     * What the layer computes with: the value itself, or its sum with the difference, of the value's type and in the
     * caller's scope. Backward passes through the sum to the difference.
     */
    public Tensor inUse() {
        Tensor added = difference;
        return added == null ? value : Ops.withDifference(value, added);
    }

    /** The value without a difference. */
    public Tensor value() {
        return value;
    }

    /** Uses another value of the same shape; the caller owns both. For merging an adapter and taking it out again. */
    public void useValue(Tensor other) {
        value = other;
    }

    /** Adds a difference of the same shape, F32, from now on, or none. */
    public void useDifference(@Nullable Tensor added) {
        difference = added;
    }

    /** The difference in use. */
    public @Nullable Tensor difference() {
        return difference;
    }
}
