/**
 * Tests of what is drawn and kept.
 * They need no cluster.
 */
@NullMarked
package dev.realalign.app.sample;

import org.jspecify.annotations.NullMarked;
