package dev.realalign.diffusion.lora;

import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * The shape of a full difference: every weight and bias of its layers, norms and convolutions included.
 *
 * @param targets ends of the paths of the layers it changes, such as {@code attn2.to_k} or {@code conv1}; or {@link #ALL} alone
 */
public record FullConfig(List<String> targets) implements AdapterConfig {
    /** Every layer. */
    public static final String ALL = "all";

    public FullConfig {
        if (targets.isEmpty()) {
            throw new IllegalArgumentException("a full difference needs at least one target layer, or " + ALL);
        }
        if (targets.contains(ALL) && targets.size() > 1) {
            throw new IllegalArgumentException(ALL + " names every layer and stands alone, not among " + targets);
        }
        targets = List.copyOf(targets);
    }

    /** All layers. */
    public FullConfig() {
        this(List.of(ALL));
    }

    @Override
    public boolean targets(String path) {
        return targets.contains(ALL)
                || targets.stream().anyMatch(target -> path.equals(target) || path.endsWith("." + target));
    }

    @Override
    public FullConfig withTargets(List<String> others) {
        return new FullConfig(others);
    }

    @Override
    public Set<String> layers(LoraTargets network) {
        Set<String> layers = new TreeSet<>();
        network.trainable().keySet().forEach(parameter -> layers.add(FullAdapter.layerOf(parameter)));
        return layers;
    }

    @Override
    public FullAdapter create(LoraTargets network, long seed) {
        return FullAdapter.create(network, this);
    }
}
