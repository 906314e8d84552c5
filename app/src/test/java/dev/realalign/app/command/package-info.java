/**
 * Tests of the package of the same name.
 * They need no cluster.
 */
@NullMarked
package dev.realalign.app.command;

import org.jspecify.annotations.NullMarked;
