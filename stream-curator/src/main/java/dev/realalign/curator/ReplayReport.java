package dev.realalign.curator;

import dev.realalign.curator.gate.Reason;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What became of verdicts under another configuration. Names are {@link Rejudged#ACCEPTED}, reasons in the order of the
 * gates, and {@link Rejudged#UNDECIDED} or
 * {@link #NO_VERDICT}.
 *
 * @param records verdicts compared
 * @param before verdicts by name, as they were
 * @param after verdicts by name, as they are now
 * @param changes how many went from one name to another
 */
public record ReplayReport(long records, Map<String, Long> before, Map<String, Long> after, List<Change> changes) {

    /** In place of a name: one of the two runs has no verdict on the record, because it expired or is still to come. */
    public static final String NO_VERDICT = "no verdict";

    /**
     * Verdicts that changed.
     *
     * @param before name before
     * @param after name now
     * @param records how many
     */
    public record Change(String before, String after, long records) {}

    /** Counts verdicts. */
    static final class Tally {
        private final Map<String, Map<String, Long>> moves = new TreeMap<>();

        void add(String before, String after) {
            moves.computeIfAbsent(before, first -> new TreeMap<>()).merge(after, 1L, Long::sum);
        }

        ReplayReport report() {
            Map<String, Long> before = new TreeMap<>();
            Map<String, Long> after = new TreeMap<>();
            List<Change> changes = new ArrayList<>();
            moves.forEach((from, to) -> to.forEach((name, count) -> {
                before.merge(from, count, Long::sum);
                after.merge(name, count, Long::sum);
                if (!from.equals(name)) {
                    changes.add(new Change(from, name, count));
                }
            }));
            long records = before.values().stream().mapToLong(Long::longValue).sum();
            return new ReplayReport(records, inOrder(before), inOrder(after), List.copyOf(changes));
        }
    }

    /** Accepted, then reasons in the order of the gates, then whatever else there is. */
    public static Map<String, Long> inOrder(Map<String, Long> counts) {
        List<String> order = new ArrayList<>(List.of(Rejudged.ACCEPTED));
        Arrays.stream(Reason.values()).map(Reason::name).forEach(order::add);
        counts.keySet().stream().sorted().filter(name -> !order.contains(name)).forEach(order::add);
        Map<String, Long> ordered = new LinkedHashMap<>();
        for (String name : order) {
            Long count = counts.get(name);
            if (count != null) {
                ordered.put(name, count);
            }
        }
        return Collections.unmodifiableMap(ordered);
    }
}
