/**
 * Checks of networks, schedulers and tokenizers against reference tensors of PyTorch and diffusers. Shapes, sizes and step counts are read from the
 * reference files and the models beside them.
 */
@NullMarked
package dev.realalign.diffusion.parity;

import org.jspecify.annotations.NullMarked;
