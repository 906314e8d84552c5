/** Learns from preference triples and writes checkpoint candidates. */
@NullMarked
package dev.realalign.trainer;

import org.jspecify.annotations.NullMarked;
