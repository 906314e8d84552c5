/** Tests of the package of the same name. */
@NullMarked
package dev.realalign.evaluation;

import org.jspecify.annotations.NullMarked;
