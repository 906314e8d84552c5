package dev.realalign.curator.pair;

import dev.realalign.curator.gate.Findings;
import dev.realalign.curator.gate.Gates;
import dev.realalign.curator.gate.Measure;
import dev.realalign.curator.gate.Reason;
import dev.realalign.curator.gate.Recorded;
import dev.realalign.curator.gate.Rejection;
import dev.realalign.curator.gate.RunningMean;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Judges a pair, or a picture that did not become one, again under other settings, from what was written down when it was
 * judged first. Gates are asked in their order, each in its mode. One whose measures are known judges by them; any other
 * repeats what it said then, and passes what it was not asked about.
 */
public final class Rejudge {
    private static final List<Reason> PAIR_FILTER =
            List.of(Reason.GAP_TOO_SMALL, Reason.GAP_TOO_LARGE, Reason.NOT_IN_TOP);

    private final PairSettings settings;
    private final Gates gates;
    private final PairFilter filter;

    /** A judge with these settings. */
    public Rejudge(PairSettings settings) {
        this.settings = settings;
        this.gates = new Gates(settings.limits(), settings.policy());
        this.filter = new PairFilter(settings.filter());
    }

    /**
     * The new verdict.
     *
     * @param rejection why it is rejected; empty when no gate that could be asked says no
     * @param findings what gates in shadow mode say, with the measures as they were
     * @param gap the gap under the new rule, as far as it was measured
     * @param meanAfter running mean of colourfulness behind this picture
     */
    public record Result(Optional<Rejection> rejection, Findings findings, Optional<Gap> gap, RunningMean meanAfter) {}

    /** The running mean of colourfulness before the first picture. */
    public RunningMean start() {
        return gates.start();
    }

    /** The rule of the gate of colourfulness, in words. */
    public String colourfulnessRule() {
        return gates.colourfulnessRule();
    }

    /**
     * Judges again.
     *
     * @param mean colourfulness of the pictures before it
     * @param windows windows of the partition, which the pair moves when it gets as far
     */
    public Result judge(Recorded recorded, Map<String, Double> scores, RunningMean mean, RankWindows windows) {
        Findings findings = new Findings(settings.modes());
        recorded.measures().forEach(findings::measured);
        Optional<Rejection> rejection = Optional.empty();
        Optional<Gap> gap = Optional.empty();
        for (Reason gate : Reason.values()) {
            if (gate == Reason.GAP_TOO_SMALL && recorded.has(Measure.RMS_DIFFERENCE)) {
                PairFilter.Judgement judgement = filter.judge(scores, findings, windows);
                gap = judgement.gap();
                rejection = judgement.rejection();
            } else if (gap.isEmpty() || !PAIR_FILTER.contains(gate)) {
                rejection = findings.ask(gate, () -> again(gate, recorded, mean, findings));
            }
            if (rejection.isPresent()) {
                break;
            }
        }
        return new Result(
                rejection,
                findings,
                gap,
                findings.colourfulness().map(gates::after).orElse(mean));
    }

    private Optional<Rejection> again(Reason gate, Recorded recorded, RunningMean mean, Findings findings) {
        if (gate == Reason.NEGATIVE_TOO_CLOSE && recorded.has(Measure.RMS_DIFFERENCE)) {
            double difference = recorded.measure(Measure.RMS_DIFFERENCE);
            return difference >= settings.leastRmsDifference()
                    ? Optional.empty()
                    : Optional.of(new Rejection(
                            gate,
                            String.format(
                                    Locale.ROOT,
                                    "the negative differs from the picture by an RMS of %.2f of 255 levels, at least %s are"
                                            + " needed",
                                    difference,
                                    settings.leastRmsDifference())));
        }
        return gates.judgeAgain(gate, recorded, mean, findings);
    }
}
