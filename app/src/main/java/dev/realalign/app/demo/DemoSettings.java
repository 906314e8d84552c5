package dev.realalign.app.demo;

import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * What the user asked of a demo.
 *
 * @param house the house it runs
 * @param untilCheckpoints versions after which the demo ends, absent for all the pictures give
 * @param report where the report goes, null for none
 * @param prompts prompts of the sample sheets
 * @param sheets whether every version is drawn at the end, not only the newest
 */
public record DemoSettings(
        HouseSettings house,
        OptionalInt untilCheckpoints,
        @Nullable Path report,
        List<String> prompts,
        boolean sheets) {
    /** Copies the prompts. */
    public DemoSettings {
        prompts = List.copyOf(prompts);
    }
}
