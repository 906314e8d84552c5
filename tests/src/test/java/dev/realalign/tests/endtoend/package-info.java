/**
 * The command as a user meets it: whole, over a real broker and a real registry.
 * Most run in this JVM; what must survive being killed runs in a process of its own.
 */
@NullMarked
package dev.realalign.tests.endtoend;

import org.jspecify.annotations.NullMarked;
