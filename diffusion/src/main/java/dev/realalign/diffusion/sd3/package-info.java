/**
 * The multimodal diffusion transformer of Stable Diffusion 3 and 3.5 (Esser et al. 2024, arXiv 2403.03206) and the
 * assembly of its prompts from three text encoders.
 */
@NullMarked
package dev.realalign.diffusion.sd3;

import org.jspecify.annotations.NullMarked;
