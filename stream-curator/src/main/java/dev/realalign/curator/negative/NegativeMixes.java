package dev.realalign.curator.negative;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The mix of every source.
 *
 * @param standard of sources without one of their own
 * @param bySource mixes of their own; the first whose sources match counts
 */
public record NegativeMixes(NegativeMix standard, List<SourceMix> bySource) {

    private static final String ANY_END = "*";

    /**
     * The mix of some sources.
     *
     * @param sources name of a source; one that ends in * stands for all that begin so
     * @param mix their mix
     */
    public record SourceMix(String sources, NegativeMix mix) {
        boolean covers(String source) {
            return sources.endsWith(ANY_END)
                    ? source.startsWith(sources.substring(0, sources.length() - ANY_END.length()))
                    : source.equals(sources);
        }
    }

    public NegativeMixes {
        bySource = List.copyOf(bySource);
    }

    /**
     * Reads "SOURCES=KIND:weight;KIND:weight" entries.
     *
     * @throws IllegalArgumentException that names every entry that cannot be read, and why
     */
    public static List<SourceMix> parse(List<String> entries) {
        List<SourceMix> mixes = new ArrayList<>();
        List<String> problems = new ArrayList<>();
        for (String entry : entries) {
            // a URL may hold an equals sign, a mix does not
            int equals = entry.lastIndexOf('=');
            if (equals < 1) {
                problems.add("\"" + entry + "\" is not of the form SOURCES=KIND:weight;KIND:weight");
                continue;
            }
            try {
                mixes.add(new SourceMix(
                        entry.substring(0, equals).strip(),
                        NegativeMix.parse(
                                Arrays.asList(entry.substring(equals + 1).split(";")))));
            } catch (IllegalArgumentException e) {
                problems.add("of " + entry.substring(0, equals).strip() + " " + e.getMessage());
            }
        }
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException(String.join("; ", problems));
        }
        return mixes;
    }

    /** The mix of a source. */
    public NegativeMix of(String source) {
        return bySource.stream()
                .filter(entry -> entry.covers(source))
                .map(SourceMix::mix)
                .findFirst()
                .orElse(standard);
    }
}
