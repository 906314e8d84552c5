/** Draws negatives with a diffusion model: from the caption alone, over the real picture, and into what stands out in it. */
@NullMarked
package dev.realalign.generator.draw;

import org.jspecify.annotations.NullMarked;
