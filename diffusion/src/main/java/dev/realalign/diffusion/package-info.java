/** Diffusion models on DJL. Knows no Kafka. */
@NullMarked
package dev.realalign.diffusion;

import org.jspecify.annotations.NullMarked;
