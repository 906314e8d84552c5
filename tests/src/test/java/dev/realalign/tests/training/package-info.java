/** Trainers in processes of their own, on a real broker: killed, paused, overtaken. */
@NullMarked
package dev.realalign.tests.training;

import org.jspecify.annotations.NullMarked;
