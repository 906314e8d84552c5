package dev.realalign.trainer.loop;

import dev.realalign.schemas.HeldOutErrors;
import dev.realalign.schemas.Measures;
import dev.realalign.trainer.learn.StepMetrics;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * When training has gone wrong: the bounds at which the publisher refuses a candidate, looked at before there is one. The
 * held-out set is measured under the moving average, which lags; the errors in training are those of the weights a candidate
 * would resume from, so both are looked at. Pure.
 */
final class AlarmRules {
    /**
     * Steps in a row without a finite loss and gradient. One such step changes nothing, and its triples are quarantined; a
     * second one in a row may still be a matter of the triples, a third is one of the weights.
     */
    static final int NOT_FINITE_STEPS = 3;

    private AlarmRules() {}

    /** Judges a step that was not finite, by how many there were in a row. */
    static Optional<Alarm> judge(long notFiniteInARow) {
        return notFiniteInARow < NOT_FINITE_STEPS
                ? Optional.empty()
                : Optional.of(new Alarm(
                        Alarm.Kind.NOT_FINITE,
                        notFiniteInARow + " steps in a row had no finite loss or no finite gradient"));
    }

    /**
     * Judges weights that a candidate is due of.
     *
     * @param metrics what the candidate would say
     * @param errors its errors on the held-out set
     */
    static Optional<Alarm> judge(Map<String, Double> metrics, Optional<HeldOutErrors> errors) {
        long broken = errors.stream()
                .flatMap(e -> e.measurements().stream())
                .filter(measurement -> !measurement.allFinite())
                .count();
        if (broken > 0) {
            return Optional.of(
                    new Alarm(Alarm.Kind.NOT_FINITE, broken + " errors on held-out images are not finite numbers"));
        }
        Double ratio = metrics.get(Measures.HELD_OUT_PREFERRED_RATIO);
        if (ratio != null && ratio > Measures.HELD_OUT_PREFERRED_RATIO_LIMIT) {
            return Optional.of(alarm(
                    Alarm.Kind.HELD_OUT_RATIO,
                    "the error on held-out real images is %.4f times the reference's, more than %.4f",
                    ratio,
                    Measures.HELD_OUT_PREFERRED_RATIO_LIMIT));
        }
        Double policy = metrics.get(StepMetrics.M_W);
        Double reference = metrics.get(StepMetrics.R_W);
        if (policy != null && reference != null && policy / reference > Measures.HELD_OUT_PREFERRED_RATIO_LIMIT) {
            return Optional.of(alarm(
                    Alarm.Kind.TRAINING_RATIO,
                    "the error on the real images in training is %.4f times the reference's, more than %.4f",
                    policy / reference,
                    Measures.HELD_OUT_PREFERRED_RATIO_LIMIT));
        }
        Double drift = metrics.get(Measures.HELD_OUT_DRIFT);
        double steps = metrics.getOrDefault(Measures.HELD_OUT_DRIFT_STEPS, 0.0);
        if (drift != null && steps >= Measures.HELD_OUT_DRIFT_STEPS_MINIMUM && drift > Measures.HELD_OUT_DRIFT_LIMIT) {
            return Optional.of(alarm(
                    Alarm.Kind.HELD_OUT_DRIFT,
                    "the error on held-out real images has drifted %.4f of the reference's above it, as a moving average"
                            + " over %.0f steps, more than %.4f",
                    drift,
                    steps,
                    Measures.HELD_OUT_DRIFT_LIMIT));
        }
        Double factor = metrics.get(Measures.GRADIENT_FACTOR);
        Double least = metrics.get(Measures.GRADIENT_FACTOR_MINIMUM);
        if (factor != null && least != null && factor < least) {
            return Optional.of(alarm(
                    Alarm.Kind.GRADIENT_FACTOR,
                    "the mean gradient factor is %.4f, less than %.4f: nothing is learned from such pairs any more",
                    factor,
                    least));
        }
        return Optional.empty();
    }

    private static Alarm alarm(Alarm.Kind kind, String form, Object... figures) {
        return new Alarm(kind, String.format(Locale.ROOT, form, figures));
    }
}
