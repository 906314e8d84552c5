/** Turns real images into preference triples or rejections with a reason. Holds no model. */
@NullMarked
package dev.realalign.curator;

import org.jspecify.annotations.NullMarked;
