package dev.realalign.diffusion.lora;

import java.util.List;
import java.util.Set;

/** What kind of adapter a network is trained with, and which of its layers the adapter changes. */
public sealed interface AdapterConfig permits LoraConfig, FullConfig {
    /** What names the layers: ends of their paths. */
    List<String> targets();

    /** Whether the layer at a path is changed. */
    boolean targets(String path);

    /** The same for one target alone. */
    AdapterConfig withTargets(List<String> others);

    /** Paths of the layers of a network that this kind of adapter can change. */
    Set<String> layers(LoraTargets network);

    /** The targets that name no such layer of a network. */
    default List<String> unmatched(LoraTargets network) {
        Set<String> layers = layers(network);
        return targets().stream()
                .filter(target -> layers.stream().noneMatch(withTargets(List.of(target))::targets))
                .toList();
    }

    /**
     * A fresh adapter of this kind, which changes nothing yet.
     *
     * @param seed of what is drawn, where something is
     * @throws IllegalArgumentException if no layer of the network matches the targets
     */
    Adapter create(LoraTargets network, long seed);
}
