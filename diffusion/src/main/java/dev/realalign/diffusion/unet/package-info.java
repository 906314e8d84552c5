/** UNet2DConditionModel: the denoising network of Stable Diffusion 1.x and 2.x, its inpainting variant, and SDXL. */
@NullMarked
package dev.realalign.diffusion.unet;

import org.jspecify.annotations.NullMarked;
