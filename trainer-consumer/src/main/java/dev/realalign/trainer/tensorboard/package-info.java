/**
 * What a trainer measures as event files that TensorBoard reads. The two formats are written by hand, from the published
 * definitions, so that the trainer needs no further library.
 */
@NullMarked
package dev.realalign.trainer.tensorboard;

import org.jspecify.annotations.NullMarked;
