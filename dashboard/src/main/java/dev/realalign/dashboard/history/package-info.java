/** What was sampled, in a file of fixed size. A restart goes on in the same file. */
@NullMarked
package dev.realalign.dashboard.history;

import org.jspecify.annotations.NullMarked;
