package dev.realalign.trainer.triple;

/** A triple that cannot be trained; the stream goes on without it. */
public final class UnusableTripleException extends Exception {
    private static final long serialVersionUID = 1L;

    private final SkipReason reason;

    public UnusableTripleException(SkipReason reason, String explanation) {
        super(explanation);
        this.reason = reason;
    }

    /** The reason, for counting. */
    public SkipReason reason() {
        return reason;
    }

    /** What was found and what was expected. */
    public String explanation() {
        return String.valueOf(getMessage());
    }
}
