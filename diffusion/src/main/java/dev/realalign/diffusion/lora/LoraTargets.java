package dev.realalign.diffusion.lora;

import dev.realalign.diffusion.nn.Linear;
import dev.realalign.diffusion.nn.Parameter;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A network that takes adapters. */
public interface LoraTargets {
    /** What the network is called in adapter files: {@code unet} or {@code transformer}. */
    String prefix();

    /** The linear layers by path, in the network's order. */
    Map<String, Linear> linears();

    /** What full differences may change, by published name, in the network's order. */
    Map<String, Parameter> trainable();

    /**
     * Switches to an adapter, or with null to the plain network. Nothing is copied; the adapter stays the caller's.
     *
     * @throws IllegalArgumentException if the adapter was made for another network
     */
    default void use(@Nullable Adapter adapter) {
        if (adapter != null) {
            adapter.checkFits(this);
        }
        linears().forEach((path, linear) -> linear.useLowRank(adapter == null ? null : adapter.lowRank(path)));
        trainable()
                .forEach((name, parameter) ->
                        parameter.useDifference(adapter == null ? null : adapter.difference(name)));
    }
}
