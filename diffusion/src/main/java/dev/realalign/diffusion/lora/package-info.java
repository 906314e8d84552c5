/**
 * Adapters, which are low-rank terms on the linear layers of a network (LoRA, arXiv 2106.09685) or full differences to any of its layers: creation, switching,
 * merging, and the file layouts other programs read.
 * Adapters are trained and compared unmerged.
 */
@NullMarked
package dev.realalign.diffusion.lora;

import org.jspecify.annotations.NullMarked;
