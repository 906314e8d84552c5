/** Publisher and subscriber on a real broker and registry: killed at every step, fenced, and followed all along. */
@NullMarked
package dev.realalign.tests.publishing;

import org.jspecify.annotations.NullMarked;
