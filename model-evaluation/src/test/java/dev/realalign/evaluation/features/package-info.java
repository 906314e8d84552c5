/** Tests of the package of the same name. */
@NullMarked
package dev.realalign.evaluation.features;

import org.jspecify.annotations.NullMarked;
