/**
 * Pictures that look alike: a perceptual hash, its bands, and what the owner of a band answers. Knows no Kafka, does no
 * I/O and reads no clock.
 */
@NullMarked
package dev.realalign.curator.similar;

import org.jspecify.annotations.NullMarked;
