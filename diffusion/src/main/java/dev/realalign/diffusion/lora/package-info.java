/**
 * Low-rank adapters (LoRA, arXiv 2106.09685) on the linear layers of a network: creation, switching, merging, and the file layouts other programs read.
 * Adapters are trained and compared unmerged.
 */
@NullMarked
package dev.realalign.diffusion.lora;

import org.jspecify.annotations.NullMarked;
