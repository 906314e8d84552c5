/** Judges pictures with networks whose weights the user supplies: scores, and gates that the curator cannot hold itself. */
@NullMarked
package dev.realalign.generator.score;

import org.jspecify.annotations.NullMarked;
