/** Which part of a picture is painted anew: what stands out in it, as a mask that is neither empty nor everything. Pure. */
@NullMarked
package dev.realalign.generator.mask;

import org.jspecify.annotations.NullMarked;
