package dev.realalign.diffusion.lora;

import java.util.List;
import java.util.Set;

/**
 * The shape of a LoRA.
 *
 * @param rank columns of the low-rank product, at least 1
 * @param alpha the product is scaled by alpha / rank
 * @param targets ends of the paths of the layers that get it: {@code to_q} matches every {@code ...to_q}, {@code attn.to_q} only those in an {@code attn}
 */
public record LoraConfig(int rank, double alpha, List<String> targets) implements AdapterConfig {
    /** The attention projections, as published trainings of diffusion models choose them. */
    public static final List<String> ATTENTION = List.of("to_q", "to_k", "to_v", "to_out.0");

    public LoraConfig {
        if (rank < 1) {
            throw new IllegalArgumentException("the LoRA rank must be at least 1, not " + rank);
        }
        if (!(alpha > 0) || Double.isInfinite(alpha)) {
            throw new IllegalArgumentException("the LoRA alpha must be a positive number, not " + alpha);
        }
        if (targets.isEmpty()) {
            throw new IllegalArgumentException("a LoRA needs at least one target layer");
        }
        targets = List.copyOf(targets);
    }

    /** Rank and alpha on {@link #ATTENTION}. */
    public LoraConfig(int rank, double alpha) {
        this(rank, alpha, ATTENTION);
    }

    @Override
    public boolean targets(String path) {
        return targets.stream().anyMatch(target -> path.equals(target) || path.endsWith("." + target));
    }

    @Override
    public LoraConfig withTargets(List<String> others) {
        return new LoraConfig(rank, alpha, others);
    }

    @Override
    public Set<String> layers(LoraTargets network) {
        return network.linears().keySet();
    }

    @Override
    public LoraAdapter create(LoraTargets network, long seed) {
        return LoraAdapter.create(network, this, seed);
    }
}
