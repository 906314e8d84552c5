package dev.realalign.subscriber;

import java.io.IOException;

/** A fetched or kept file is not what was announced. The message names the file, the version and the difference. */
public final class CorruptArtifactException extends IOException {
    private static final long serialVersionUID = 1L;

    CorruptArtifactException(String file, long version, String model, String difference) {
        super(file + " of version " + version + " of " + model + " is refused: " + difference);
    }
}
