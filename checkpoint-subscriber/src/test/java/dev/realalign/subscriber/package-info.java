/** Tests of the subscriber: its rules, its files, and what readers see while it works. */
@NullMarked
package dev.realalign.subscriber;

import org.jspecify.annotations.NullMarked;
