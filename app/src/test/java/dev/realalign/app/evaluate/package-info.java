/**
 * Tests of evaluations on the bundled model. The files they take are made here.
 */
@NullMarked
package dev.realalign.app.evaluate;

import org.jspecify.annotations.NullMarked;
