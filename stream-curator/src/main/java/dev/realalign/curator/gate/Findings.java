package dev.realalign.curator.gate;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/** What the gates found about one record: carried from gate to gate, written into the record's verdict. */
public final class Findings {
    private final GateModes modes;
    private final List<Rejection> shadow = new ArrayList<>();
    private Optional<ColourMeasure> colourfulness = Optional.empty();

    /** Nothing found yet. */
    public Findings(GateModes modes) {
        this.modes = modes;
    }

    /** What was found before the picture had to wait. */
    public Findings(GateModes modes, List<Rejection> shadow, Optional<ColourMeasure> colourfulness) {
        this(modes);
        this.shadow.addAll(shadow);
        this.colourfulness = colourfulness;
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

    void measured(ColourMeasure measure) {
        colourfulness = Optional.of(measure);
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
