/** What a step of preference training takes on this machine. The step is the trainer's own, on the benchmark's network. */
@NullMarked
package dev.realalign.trainer.bench;

import org.jspecify.annotations.NullMarked;
