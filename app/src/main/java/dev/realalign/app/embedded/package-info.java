/**
 * A real Kafka broker and a real schema registry for one machine, each in a process of its own that ends with the one that
 * started it. Nothing outside of this package knows how they run.
 */
@NullMarked
package dev.realalign.app.embedded;

import org.jspecify.annotations.NullMarked;
