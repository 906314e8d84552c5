/** Follows published versions, verifies them and switches atomically. */
@NullMarked
package dev.realalign.subscriber;

import org.jspecify.annotations.NullMarked;
