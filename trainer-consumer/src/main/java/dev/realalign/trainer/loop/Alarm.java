package dev.realalign.trainer.loop;

/**
 * A sign that training has gone wrong.
 *
 * @param kind which
 * @param explanation what was found and what the bound is
 */
public record Alarm(Kind kind, String explanation) {
    /** Signs, in the order in which they are looked for. */
    public enum Kind {
        /** A weight, a loss or an error is not a finite number. */
        NOT_FINITE,
        /** Held-out real images are predicted much worse than by the reference. */
        HELD_OUT_RATIO,
        /** The real images in training are predicted much worse than by the reference, by the weights before averaging. */
        TRAINING_RATIO,
        /** Held-out real images are predicted steadily worse. */
        HELD_OUT_DRIFT,
        /** Nothing is learned from the pairs any more, by what the objective declares. */
        GRADIENT_FACTOR
    }
}
