/**
 * Every byte that crosses a process: Avro records, the topic catalogue, checkpoint manifests and the folder layout.
 * Whoever writes or reads a topic or a checkpoint takes the form from here and nowhere else.
 */
@NullMarked
package dev.realalign.schemas;

import org.jspecify.annotations.NullMarked;
