/** Negative generators on a real broker and registry: killed, sharing, and following a model line. */
@NullMarked
package dev.realalign.tests.generating;

import org.jspecify.annotations.NullMarked;
