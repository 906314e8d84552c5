/**
 * Autoencoders between images and the latents a denoiser works on. Images are (B, 3, H, W) from -1 to 1; all of it
 * computes in F32, since half precision overflows in published decoders.
 */
@NullMarked
package dev.realalign.diffusion.vae;

import org.jspecify.annotations.NullMarked;
