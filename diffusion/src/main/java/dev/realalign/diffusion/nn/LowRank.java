package dev.realalign.diffusion.nn;

import dev.realalign.diffusion.tensor.Tensor;

/**
 * A low-rank addition to a linear layer: {@code y += scale * (x down^T) up^T} (LoRA, arXiv 2106.09685).
 *
 * @param down (rank, in), F32 whatever the layer computes in
 * @param up (out, rank), F32
 * @param scale alpha / rank
 */
public record LowRank(Tensor down, Tensor up, double scale) {}
