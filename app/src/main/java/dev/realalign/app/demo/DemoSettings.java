package dev.realalign.app.demo;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * What the user asked of a demo.
 *
 * @param images folder, archive or list of pictures; null for the bundled photographs
 * @param caption caption of pictures that have none, empty for none
 * @param picturesPerSecond fastest feed, 0 for no limit
 * @param model folder of the base model
 * @param line name of the model line
 * @param data data folder
 * @param untilCheckpoints versions after which the demo ends, absent for all the pictures give
 * @param report where the report goes, null for none
 * @param prompts prompts of the sample sheets
 * @param sheets whether every version is drawn at the end, not only the newest
 * @param given further configuration of the roles, by key
 * @param brokerPort port of the broker, 0 for any free one
 * @param registryPort port of the registry, 0 for any free one
 * @param dashboardPort port of the dashboard, 0 for any free one; absent for its usual one, or any free one when that is taken
 */
public record DemoSettings(
        @Nullable Path images,
        String caption,
        double picturesPerSecond,
        Path model,
        String line,
        Path data,
        OptionalInt untilCheckpoints,
        @Nullable Path report,
        List<String> prompts,
        boolean sheets,
        Map<String, String> given,
        int brokerPort,
        int registryPort,
        OptionalInt dashboardPort) {
    /** Copies the collections. */
    public DemoSettings {
        prompts = List.copyOf(prompts);
        given = Map.copyOf(given);
    }
}
