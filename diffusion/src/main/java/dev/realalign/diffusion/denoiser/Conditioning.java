package dev.realalign.diffusion.denoiser;

import dev.realalign.diffusion.tensor.Device;
import dev.realalign.diffusion.tensor.Ops;
import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.diffusion.tensor.TensorScope;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a network is told beside the noisy sample, for B samples.
 *
 * @param hiddenStates the encoded prompt, (B, N, D)
 * @param pooled one vector per prompt, (B, P); null for networks that take none
 * @param timeIds sizes and crops of SDXL, (B, 6); null for networks that take none
 */
public record Conditioning(Tensor hiddenStates, @Nullable Tensor pooled, @Nullable Tensor timeIds)
        implements AutoCloseable {

    /** A prompt alone. */
    public static Conditioning of(Tensor hiddenStates) {
        return new Conditioning(hiddenStates, null, null);
    }

    /** A prompt and its pooled vector. */
    public static Conditioning of(Tensor hiddenStates, Tensor pooled) {
        return new Conditioning(hiddenStates, pooled, null);
    }

    /** The number of samples B. */
    public int batch() {
        return Math.toIntExact(hiddenStates.size(0));
    }

    /**
     * Several conditionings as one batch, in order.
     *
     * @throws IllegalArgumentException if some have a pooled vector or time ids and others not
     */
    public static Conditioning concatenate(List<Conditioning> parts) {
        List<Tensor> hidden = new ArrayList<>();
        List<Tensor> pooled = new ArrayList<>();
        List<Tensor> times = new ArrayList<>();
        for (Conditioning part : parts) {
            hidden.add(part.hiddenStates);
            if (part.pooled != null) {
                pooled.add(part.pooled);
            }
            if (part.timeIds != null) {
                times.add(part.timeIds);
            }
        }
        return new Conditioning(Ops.concatenate(hidden, 0), joined(pooled, parts.size()), joined(times, parts.size()));
    }

    private static @Nullable Tensor joined(List<Tensor> tensors, int parts) {
        if (tensors.isEmpty()) {
            return null;
        }
        if (tensors.size() != parts) {
            throw new IllegalArgumentException("conditionings of different networks cannot be put into one batch");
        }
        return Ops.concatenate(tensors, 0);
    }

    /** The samples of some rows, in that order; a row may repeat. */
    public Conditioning rows(long... rows) {
        Tensor index = Tensor.of(rows).to(hiddenStates.device());
        return new Conditioning(
                hiddenStates.indexSelect(0, index),
                pooled == null ? null : pooled.indexSelect(0, index),
                timeIds == null ? null : timeIds.indexSelect(0, index));
    }

    /** The same on a device. */
    public Conditioning to(Device device) {
        return new Conditioning(
                hiddenStates.to(device),
                pooled == null ? null : pooled.to(device),
                timeIds == null ? null : timeIds.to(device));
    }

    /** Takes the tensors out of every scope, for a cache; close it when it leaves the cache. */
    public Conditioning unscoped() {
        hiddenStates.unscoped();
        if (pooled != null) {
            pooled.unscoped();
        }
        if (timeIds != null) {
            timeIds.unscoped();
        }
        return this;
    }

    /** Keeps the tensors beyond a scope, as {@link TensorScope#keep}. */
    public Conditioning keptIn(TensorScope scope) {
        scope.keep(hiddenStates);
        if (pooled != null) {
            scope.keep(pooled);
        }
        if (timeIds != null) {
            scope.keep(timeIds);
        }
        return this;
    }

    @Override
    public void close() {
        hiddenStates.close();
        if (pooled != null) {
            pooled.close();
        }
        if (timeIds != null) {
            timeIds.close();
        }
    }
}
