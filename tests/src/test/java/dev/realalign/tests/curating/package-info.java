/** The curator on a real broker: exactly once through kills, visible failure, records as large as they come. */
@NullUnmarked
package dev.realalign.tests.curating;

import org.jspecify.annotations.NullUnmarked;
