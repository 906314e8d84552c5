/**
 * The stages of a training run: what each minimises, how its learning rate goes and when it is over. Pure: no Kafka, no
 * files, no clock, no tensors.
 */
@NullMarked
package dev.realalign.trainer.stage;

import org.jspecify.annotations.NullMarked;
