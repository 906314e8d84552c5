/**
 * What every denoising network is to the rest of the system: a prediction from noisy samples, timesteps and conditioning. Trainers, samplers and
 * checks speak to this, whatever the architecture.
 */
@NullMarked
package dev.realalign.diffusion.denoiser;

import org.jspecify.annotations.NullMarked;
