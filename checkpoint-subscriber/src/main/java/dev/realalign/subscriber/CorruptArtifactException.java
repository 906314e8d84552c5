package dev.realalign.subscriber;

import java.io.IOException;

/**
 * A fetched or kept version is not what was announced, or is not trusted. The message names the file, the version and the
 * difference; {@link #reason} names the rule.
 */
public final class CorruptArtifactException extends IOException {
    private static final long serialVersionUID = 1L;

    private final Refusal reason;

    CorruptArtifactException(Refusal reason, String file, long version, String model, String difference) {
        super(file + " of version " + version + " of " + model + " is refused: " + difference);
        this.reason = reason;
    }

    /** Why it is refused. */
    public Refusal reason() {
        return reason;
    }
}
