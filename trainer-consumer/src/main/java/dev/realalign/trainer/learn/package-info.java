/**
 * Trains an adapter of a diffusion model, one planned batch at a time. Knows no Kafka; reads and writes only the files
 * it is told to.
 */
@NullMarked
package dev.realalign.trainer.learn;

import org.jspecify.annotations.NullMarked;
