package dev.realalign.trainer.ledger;

import org.jspecify.annotations.Nullable;

/** Another trainer has taken over the line: nothing this one writes counts any more, and it must stop. */
public final class FencedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public FencedException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
