/**
 * The mathematics of preference objectives, on plain numbers. Pure: no Kafka, no files, no clock, no tensors.
 */
@NullMarked
package dev.realalign.trainer.objective;

import org.jspecify.annotations.NullMarked;
