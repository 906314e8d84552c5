package dev.realalign.app.metrics;

import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** Prometheus' text format, as far as tests look at it. */
final class Scrape {
    private Scrape() {}

    /** Names of the series in it. */
    static Set<String> names(String text) {
        return text.lines()
                .filter(line -> !line.startsWith("#") && !line.isBlank())
                .map(line -> line.split("[{ ]", 2)[0])
                .collect(Collectors.toCollection(TreeSet::new));
    }
}
