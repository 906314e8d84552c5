/**
 * From the bytes of a picture to a pair of training pictures or a rejection: gates, decoding and negatives in one walk.
 * Knows no Kafka, does no I/O and reads no clock.
 */
@NullMarked
package dev.realalign.curator.pair;

import org.jspecify.annotations.NullMarked;
