/**
 * Makes the worse half of a pair by perturbing the real half, at training resolution. A negative is a function of the
 * picture, its id and the settings; nothing here knows Kafka, does I/O or reads a clock.
 */
@NullMarked
package dev.realalign.curator.negative;

import org.jspecify.annotations.NullMarked;
