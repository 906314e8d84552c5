/** Lag, latencies and metrics, measured on real brokers and real roles. */
@NullMarked
package dev.realalign.tests.seeing;

import org.jspecify.annotations.NullMarked;
