/**
 * The trainer's loop: plan, train, write a candidate, announce it. What it needs of the outside are two small
 * interfaces, so that it runs as well on lists in memory.
 */
@NullMarked
package dev.realalign.trainer.loop;

import org.jspecify.annotations.NullMarked;
