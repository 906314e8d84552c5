package dev.realalign.curator.gate;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/** What the gates found about one record: carried from gate to gate, written into the record's verdict. */
public final class Findings {
    private final GateModes modes;
    private final List<Rejection> shadow = new ArrayList<>();
    private final Map<Measure, Double> measures = new EnumMap<>(Measure.class);
    private Optional<ColourMeasure> colourfulness = Optional.empty();

    /** Nothing found yet. */
    public Findings(GateModes modes) {
        this.modes = modes;
    }

    /** What was found before the picture had to wait. */
    public Findings(
            GateModes modes,
            List<Rejection> shadow,
            Optional<ColourMeasure> colourfulness,
            Map<Measure, Double> measures) {
        this(modes);
        this.shadow.addAll(shadow);
        this.colourfulness = colourfulness;
        this.measures.putAll(measures);
    }

    /**
     * Asks a gate in its mode.
     *
     * @param gate whose mode counts
     * @param verdict asked unless the gate is off
     * @return the rejection if it decides; empty if there is none, or if it is only noted
     */
    public Optional<Rejection> ask(Reason gate, Supplier<Optional<Rejection>> verdict) {
        GateMode mode = modes.of(gate);
        if (mode == GateMode.OFF) {
            return Optional.empty();
        }
        Optional<Rejection> found = verdict.get();
        if (mode == GateMode.SHADOW) {
            found.ifPresent(shadow::add);
            return Optional.empty();
        }
        return found;
    }

    /** Whether a gate is asked at all. */
    public boolean isAsked(Reason gate) {
        return modes.of(gate) != GateMode.OFF;
    }

    /** Notes a measure. */
    public void measured(Measure measure, double value) {
        measures.put(measure, value);
    }

    void measured(ColourMeasure measure) {
        colourfulness = Optional.of(measure);
    }

    /** What was measured, as far as the gates got. */
    public Map<Measure, Double> measures() {
        return Map.copyOf(measures);
    }

    /** Rejections of gates in shadow mode so far, in their order. */
    public List<Rejection> shadow() {
        return List.copyOf(shadow);
    }

    /** The colourfulness, once it has been measured. */
    public Optional<ColourMeasure> colourfulness() {
        return colourfulness;
    }
}
