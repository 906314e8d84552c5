package dev.realalign.schemas;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What both manifests demand of their fields. Each rule returns the value as the manifest keeps it. */
final class ManifestRules {
    private ManifestRules() {}

    static int format(int found, int expected) {
        if (found != expected) {
            throw new IllegalArgumentException("format must be " + expected + ", not " + found);
        }
        return found;
    }

    static long atLeast(String field, long value, long minimum) {
        if (value < minimum) {
            throw new IllegalArgumentException(field + " must be at least " + minimum + ", not " + value);
        }
        return value;
    }

    static <V> Map<String, V> sorted(Map<String, V> map) {
        return Collections.unmodifiableMap(new TreeMap<>(map));
    }

    /** JSON has no NaN and no infinity: a measure that is not a number is left out, not written. */
    static Map<String, Double> measures(String field, Map<String, Double> measures) {
        measures.forEach((name, value) -> {
            if (!Double.isFinite(value)) {
                throw new IllegalArgumentException(field + "." + name + " must be a finite number, not " + value);
            }
        });
        return sorted(measures);
    }

    static List<FileEntry> files(List<FileEntry> files) {
        if (files.isEmpty()) {
            throw new IllegalArgumentException("files must list at least one file");
        }
        Set<String> names = new HashSet<>();
        for (FileEntry file : files) {
            if (!names.add(file.name())) {
                throw new IllegalArgumentException("files lists " + file.name() + " twice");
            }
        }
        return files.stream().sorted(Comparator.comparing(FileEntry::name)).toList();
    }

    static Instant millis(Instant time) {
        return time.truncatedTo(ChronoUnit.MILLIS);
    }

    static @Nullable Instant optionalMillis(@Nullable Instant time) {
        return time == null ? null : millis(time);
    }

    /** The entry of that name, or null. */
    static @Nullable FileEntry find(List<FileEntry> files, String name) {
        return files.stream().filter(f -> f.name().equals(name)).findFirst().orElse(null);
    }
}
