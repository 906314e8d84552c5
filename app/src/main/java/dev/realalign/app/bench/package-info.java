/** Measurements of several roles together on an embedded cluster. Each runs the real services over the real broker. */
@NullMarked
package dev.realalign.app.bench;

import org.jspecify.annotations.NullMarked;
