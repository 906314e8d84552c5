/** Turns requests into answers: a negative where one can be made, and a refusal with its reason where not; never silence. */
@NullMarked
package dev.realalign.generator.answer;

import org.jspecify.annotations.NullMarked;
