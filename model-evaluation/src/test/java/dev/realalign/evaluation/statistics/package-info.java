/** Tests of the package of the same name. */
@NullMarked
package dev.realalign.evaluation.statistics;

import org.jspecify.annotations.NullMarked;
