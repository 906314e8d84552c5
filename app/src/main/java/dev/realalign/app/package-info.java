/**
 * The realalign command: its entry point.
 * What the subcommands do lies in the packages below; nothing refers back to this one.
 */
@NullMarked
package dev.realalign.app;

import org.jspecify.annotations.NullMarked;
