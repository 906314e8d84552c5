package dev.realalign.publisher;

import dev.realalign.schemas.HeldOutErrors;
import dev.realalign.schemas.Measures;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Refuses what shows that training has gone wrong, beside the ratio that {@link HeldOutRatioGate} watches: real images are
 * predicted steadily worse, nothing is learned any more by what the objective declares, or a measurement is not a finite
 * number. A measure the candidate does not bring is not judged here; that the held-out ratio is there is the matter of {@link HeldOutRatioGate}.
 *
 * @param driftLimit largest moving average of d_w over r_w on the held-out set
 * @param driftSteps optimizer steps the moving average must span before it counts: less is noise
 */
public record StopConditionsGate(double driftLimit, long driftSteps) implements Gate {
    /** The bounds at which the trainer raises an alarm too. */
    public static final StopConditionsGate DEFAULT =
            new StopConditionsGate(Measures.HELD_OUT_DRIFT_LIMIT, Measures.HELD_OUT_DRIFT_STEPS_MINIMUM);

    @Override
    public Verdict judge(Submission submission) {
        List<String> refusals = new ArrayList<>();
        Map<String, Double> metrics = submission.candidate().metrics();
        Double drift = metrics.get(Measures.HELD_OUT_DRIFT);
        double steps = metrics.getOrDefault(Measures.HELD_OUT_DRIFT_STEPS, 0.0);
        if (drift != null && steps >= driftSteps && drift > driftLimit) {
            refusals.add(String.format(
                    Locale.ROOT,
                    "its error on held-out real images has drifted %.4f of the reference's above it, as a moving average"
                            + " over %.0f steps, more than %.4f",
                    drift,
                    steps,
                    driftLimit));
        }
        Double factor = metrics.get(Measures.GRADIENT_FACTOR);
        Double least = metrics.get(Measures.GRADIENT_FACTOR_MINIMUM);
        if (factor != null && least != null && factor < least) {
            refusals.add(String.format(
                    Locale.ROOT,
                    "its mean gradient factor is %.4f, less than %.4f: nothing is learned from such pairs any more",
                    factor,
                    least));
        }
        submission.errors().ifPresent(errors -> {
            List<HeldOutErrors.Measurement> broken = errors.measurements().stream()
                    .filter(measurement -> !measurement.allFinite())
                    .toList();
            if (!broken.isEmpty()) {
                HeldOutErrors.Measurement first = broken.get(0);
                refusals.add(broken.size() + " of its " + errors.measurements().size()
                        + " held-out errors are not finite, first that of slot " + first.slot() + " of image "
                        + first.imageId());
            }
        });
        return new Verdict(refusals, List.of());
    }
}
