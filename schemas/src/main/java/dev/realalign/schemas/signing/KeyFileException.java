package dev.realalign.schemas.signing;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** A key file that cannot be used. The message names the file, the rule and the remedy. */
public final class KeyFileException extends IOException {
    private static final long serialVersionUID = 1L;

    KeyFileException(String message) {
        this(message, null);
    }

    KeyFileException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
