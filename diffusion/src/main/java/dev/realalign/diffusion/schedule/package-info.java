/**
 * Noise schedules and samplers as plain arithmetic in double precision: what a training step mixes and which
 * coefficients each sampling step applies. Nothing here touches a tensor.
 */
@NullMarked
package dev.realalign.diffusion.schedule;

import org.jspecify.annotations.NullMarked;
