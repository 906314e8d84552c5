/**
 * Tensors, their lifetimes, automatic differentiation and weight files, over libtorch. This package hides DJL: nothing outside it imports
 * {@code ai.djl}, and every rule that keeps native memory and gradients sound is kept here.
 */
@NullMarked
package dev.realalign.diffusion.tensor;

import org.jspecify.annotations.NullMarked;
