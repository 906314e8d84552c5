package dev.realalign.curator.gate;

import java.util.Arrays;
import java.util.Map;
import java.util.Optional;

/**
 * What was written down about a record when it was judged: enough to judge it again without its picture.
 *
 * @param measures what was measured, as far as the gates got
 * @param rights what the record said about the rights in its picture, where that is known
 * @param told evidence of the gates that said no, the one that decided and those in shadow mode
 */
public record Recorded(Map<Measure, Double> measures, Optional<Rights> rights, Map<Reason, String> told) {
    public Recorded {
        measures = Map.copyOf(measures);
        told = Map.copyOf(told);
    }

    /** Whether all of these were measured. */
    public boolean has(Measure... wanted) {
        return measures.keySet().containsAll(Arrays.asList(wanted));
    }

    /** A measure that {@link #has} named. */
    public double measure(Measure measure) {
        Double value = measures.get(measure);
        if (value == null) {
            throw new IllegalArgumentException(measure + " was not measured");
        }
        return value;
    }

    /** What a gate said then. */
    Optional<Rejection> told(Reason gate) {
        return Optional.ofNullable(told.get(gate)).map(evidence -> new Rejection(gate, evidence));
    }
}
