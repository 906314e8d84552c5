package dev.realalign.generator.draw;

import org.jspecify.annotations.Nullable;

/** A network failed on a batch. */
public final class DrawingException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /**
     * Says what failed.
     *
     * @param cause null where the network ran but drew nonsense
     */
    public DrawingException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
