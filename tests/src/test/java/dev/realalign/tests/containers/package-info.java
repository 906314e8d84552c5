/** The pipeline in containers of our own images. Needs a container engine: the profile {@code containers} runs it. */
@NullMarked
package dev.realalign.tests.containers;

import org.jspecify.annotations.NullMarked;
