/** How long pictures take from the feeder to a subscriber's weights, and what becomes of them on the way. Read from the topics alone. */
@NullMarked
package dev.realalign.app.flow;

import org.jspecify.annotations.NullMarked;
