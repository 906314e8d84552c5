/**
 * What a model or an adapter is worth, measured on real pictures: denoising errors and distances of what it draws. Every
 * model sees the same pictures, noise, timesteps, prompts and seeds, so that differences are paired.
 */
@NullMarked
package dev.realalign.evaluation;

import org.jspecify.annotations.NullMarked;
