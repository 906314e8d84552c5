/**
 * Checks of whole training steps against reference tensors of PyTorch. Step counts, shapes and ranks are read from the
 * files.
 */
@NullMarked
package dev.realalign.trainer.parity;

import org.jspecify.annotations.NullMarked;
