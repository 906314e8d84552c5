/**
 * The subcommands of realalign: what the user may write, and which part of the house it starts.
 * They hold no behaviour of their own, and load the heavy parts only when they run, so that help comes at once.
 */
@NullMarked
package dev.realalign.app.command;

import org.jspecify.annotations.NullMarked;
