/** The pipeline in containers of our own images, which the profile {@code containers} runs on an engine, and the files that Compose reads. */
@NullMarked
package dev.realalign.tests.containers;

import org.jspecify.annotations.NullMarked;
