/**
 * What the command shows and hears: progress on a terminal, plain lines elsewhere, and the signals that ask it to stop.
 * Nothing here knows what is being shown.
 */
@NullMarked
package dev.realalign.app.console;

import org.jspecify.annotations.NullMarked;
