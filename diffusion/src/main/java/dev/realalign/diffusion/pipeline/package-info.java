/**
 * From prompts to pictures: sampling plans walked on tensors, guidance, and the three uses of a model (text to image,
 * image to image, inpainting). Randomness comes from the seeds of a request alone.
 */
@NullMarked
package dev.realalign.diffusion.pipeline;

import org.jspecify.annotations.NullMarked;
