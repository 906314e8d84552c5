/**
 * Tests of the package of the same name.
 * They need no cluster.
 */
@NullMarked
package dev.realalign.dashboard.model;

import org.jspecify.annotations.NullMarked;
