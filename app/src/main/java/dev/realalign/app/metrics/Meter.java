package dev.realalign.app.metrics;

import java.util.List;

/**
 * A family of meters as Prometheus sees it.
 *
 * @param name name of its series; those of a histogram end in _bucket, _count and _sum as well
 * @param kind what kind it is
 * @param labels labels of each series, in order
 * @param meaning what it says, in a sentence, with its unit and when it is absent
 */
public record Meter(String name, Kind kind, List<String> labels, String meaning) {
    /** What Prometheus can do with it. */
    public enum Kind {
        /** A number that goes up and down. */
        GAUGE,
        /** A number that goes up, and begins anew with the process unless its meaning says otherwise. */
        COUNTER,
        /** Counts of values up to each bound, their number and their sum. */
        HISTOGRAM
    }

    /** Copies the labels and checks that the name fits the kind. */
    public Meter {
        labels = List.copyOf(labels);
        if (kind == Kind.COUNTER != name.endsWith("_total")) {
            throw new IllegalArgumentException("a counter's name ends in _total, and no other's does: " + name);
        }
    }

    static Meter gauge(String name, String meaning, String... labels) {
        return new Meter(name, Kind.GAUGE, List.of(labels), meaning);
    }

    static Meter counter(String name, String meaning, String... labels) {
        return new Meter(name, Kind.COUNTER, List.of(labels), meaning);
    }

    static Meter histogram(String name, String meaning, String... labels) {
        return new Meter(name, Kind.HISTOGRAM, List.of(labels), meaning);
    }
}
