/**
 * Tests of the package of the same name.
 * They need no cluster.
 */
@NullMarked
package dev.realalign.dashboard;

import org.jspecify.annotations.NullMarked;
