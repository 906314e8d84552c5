/**
 * The gates an image passes, cheap to dear: pure functions from what is known so far to a rejection with a reason and
 * its evidence in words. They know no Kafka, do no I/O and read no clock.
 */
@NullMarked
package dev.realalign.curator.gate;

import org.jspecify.annotations.NullMarked;
