package dev.realalign.generator.answer;

/** A request gets no negative. */
final class RefusedException extends Exception {
    private static final long serialVersionUID = 1L;

    private final String reason;
    private final boolean rejectsImage;

    private RefusedException(String reason, String evidence, boolean rejectsImage) {
        super(evidence);
        this.reason = reason;
        this.rejectsImage = rejectsImage;
    }

    /**
     * @param reason why
     * @param evidence what was found and what the limit is, in words
     */
    RefusedException(RefusalReason reason, String evidence) {
        this(reason.name(), evidence, false);
    }

    /** A gate's verdict against the real image itself. */
    static RefusedException byGate(String gate, String evidence) {
        return new RefusedException(gate, evidence, true);
    }

    String reason() {
        return reason;
    }

    boolean rejectsImage() {
        return rejectsImage;
    }

    String evidence() {
        return String.valueOf(getMessage());
    }
}
