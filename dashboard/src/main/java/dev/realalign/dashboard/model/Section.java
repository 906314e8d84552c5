package dev.realalign.dashboard.model;

import java.util.Locale;

/** A part of the page that is sent as one event. */
public enum Section {
    /** Reachability, totals and alarms. */
    STATUS,
    /** The flow as a picture. */
    FLOW,
    /** Lag by group, topic and partition. */
    LAG,
    /** Rejections by reason. */
    REJECTIONS,
    /** The newest triples. */
    TRIPLES,
    /** The training curve. */
    TRAINING,
    /** Versions, aliases, subscribers. */
    VERSIONS;

    /** Name of its event. */
    public String event() {
        return name().toLowerCase(Locale.ROOT);
    }
}
