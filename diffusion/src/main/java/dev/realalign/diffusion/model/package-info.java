/** Whole models: a folder in the diffusers layout becomes a denoiser, a prompt encoder and a noise schedule that fit each other. */
@NullMarked
package dev.realalign.diffusion.model;

import org.jspecify.annotations.NullMarked;
