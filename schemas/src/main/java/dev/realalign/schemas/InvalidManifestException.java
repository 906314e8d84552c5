package dev.realalign.schemas;

import java.io.IOException;

/** A manifest that is not what its form demands. The message names the manifest, the place in it and the rule. */
public final class InvalidManifestException extends IOException {
    private static final long serialVersionUID = 1L;

    InvalidManifestException(String message) {
        super(message);
    }

    InvalidManifestException(String message, Throwable cause) {
        super(message, cause);
    }
}
