package dev.realalign.dashboard.model;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * Something a person should know, in words.
 *
 * @param id the same while it is the same alarm
 * @param level how bad it is
 * @param title what is wrong
 * @param detail what was found
 * @param remedy what to do
 * @param since since when, null when unknown
 */
record Alarm(String id, Level level, String title, String detail, String remedy, @Nullable Instant since) {
    /** How bad something is. */
    enum Level {
        /** Work stands still, or is lost soon. */
        BAD,
        /** It should be looked at. */
        WARN,
        /** Good to know. */
        INFO
    }
}
