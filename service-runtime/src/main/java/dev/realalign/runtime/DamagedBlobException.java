package dev.realalign.runtime;

import java.io.IOException;

/** The store holds other bytes under a reference's name than the reference says: asking again does not help. */
public final class DamagedBlobException extends IOException {
    private static final long serialVersionUID = 1L;

    DamagedBlobException(String message) {
        super(message);
    }
}
