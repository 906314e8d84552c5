package dev.realalign.schemas.signing;

import java.io.IOException;

/** A signature that does not vouch for a version. {@link #reason} names why, the message says it in a sentence. */
public final class UntrustedSignatureException extends IOException {
    private static final long serialVersionUID = 1L;

    private final Reason reason;

    /** Why a signature does not count. */
    public enum Reason {
        /** It is no model-signing bundle, or is not spelled as this release writes them. */
        MALFORMED,
        /** It points to a key that is not trusted. */
        UNKNOWN_KEY,
        /** The key it points to did not make it, or what it was made over was changed. */
        FORGED,
        /** It is genuine, but what it signs is no statement about the files of a version. */
        NO_STATEMENT,
        /** It is genuine, but signs other files than these. */
        OTHER_FILES
    }

    UntrustedSignatureException(Reason reason, String message) {
        super(message);
        this.reason = reason;
    }

    /** Why it does not count. */
    public Reason reason() {
        return reason;
    }
}
