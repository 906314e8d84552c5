/** The negative generator: holds networks, follows a model line like any subscriber, and answers what the curator asks. */
@NullMarked
package dev.realalign.generator;

import org.jspecify.annotations.NullMarked;
