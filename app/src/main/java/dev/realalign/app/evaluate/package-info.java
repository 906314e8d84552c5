/**
 * From a user's folder of pictures to what an evaluation measures: the curator's decoding and negatives, joined with the
 * networks here because no service may know another.
 */
@NullMarked
package dev.realalign.app.evaluate;

import org.jspecify.annotations.NullMarked;
