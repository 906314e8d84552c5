/** The realalign command. */
@NullMarked
package dev.realalign.app;

import org.jspecify.annotations.NullMarked;
