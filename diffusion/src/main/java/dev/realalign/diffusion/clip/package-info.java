/** The text encoders of CLIP (Radford et al. 2021, arXiv 2103.00020), with and without projection, from folders in the transformers layout. */
@NullMarked
package dev.realalign.diffusion.clip;

import org.jspecify.annotations.NullMarked;
