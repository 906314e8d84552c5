/** The stream and the model as a web page, live. Reads topics in no consumer group and changes nothing. */
@NullMarked
package dev.realalign.dashboard;

import org.jspecify.annotations.NullMarked;
