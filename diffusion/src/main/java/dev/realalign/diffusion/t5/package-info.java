/** The T5 text encoder (Raffel et al. 2019, arXiv 1910.10683), as Stable Diffusion 3 uses it: without attention mask. */
@NullMarked
package dev.realalign.diffusion.t5;

import org.jspecify.annotations.NullMarked;
