package dev.realalign.trainer.loop;

import java.util.Locale;

/** What follows an alarm, beside the return to good weights. */
public enum AlarmAction {
    /** Training rests until somebody resumes it. */
    PAUSE,
    /** Training goes on from the good weights. */
    REWIND,
    /** Alarms are not looked for. */
    NONE;

    /** The name in configuration. */
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }
}
