/**
 * Decides what is trained, in which order and with which randomness. Pure: no Kafka, no files, no tensors, and the time
 * is an argument.
 */
@NullMarked
package dev.realalign.trainer.plan;

import org.jspecify.annotations.NullMarked;
