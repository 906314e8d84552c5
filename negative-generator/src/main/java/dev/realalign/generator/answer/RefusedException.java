package dev.realalign.generator.answer;

/** A request gets no negative. */
final class RefusedException extends Exception {
    private static final long serialVersionUID = 1L;

    private final RefusalReason reason;

    /**
     * @param reason why
     * @param evidence what was found and what the limit is, in words
     */
    RefusedException(RefusalReason reason, String evidence) {
        super(evidence);
        this.reason = reason;
    }

    RefusalReason reason() {
        return reason;
    }

    String evidence() {
        return String.valueOf(getMessage());
    }
}
