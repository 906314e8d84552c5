package dev.realalign.generator.draw;

import org.jspecify.annotations.Nullable;

/** A network failed on what it was given. */
public final class NetworkFailureException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /**
     * Says what failed.
     *
     * @param cause null where the network ran but drew nonsense
     */
    public NetworkFailureException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
