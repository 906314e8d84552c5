/** Optimizers over named tensors. Their state can be written out and read back so that a resumed run continues bit for bit. */
@NullMarked
package dev.realalign.diffusion.optim;

import org.jspecify.annotations.NullMarked;
