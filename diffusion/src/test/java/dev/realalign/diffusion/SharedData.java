package dev.realalign.diffusion;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;

/** The project's shared reference data (golden tensors, models); a test that needs a piece that is absent is skipped. */
public final class SharedData {

    private SharedData() {}

    /** A file or folder below the shared data. */
    public static Path path(String relative) {
        String root = System.getProperty("realalign.shared");
        Assumptions.assumeTrue(root != null, "realalign.shared is not set: reference data is not at hand");
        Path path = Path.of(root).resolve(relative).normalize();
        Assumptions.assumeTrue(Files.exists(path), "shared reference data lacks " + relative);
        return path;
    }
}
