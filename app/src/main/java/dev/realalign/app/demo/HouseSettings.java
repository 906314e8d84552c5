package dev.realalign.app.demo;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * What the user asked of a whole house on this machine.
 *
 * @param images folder, archive or list of pictures, where there is one
 * @param caption caption of pictures that have none, empty for none
 * @param picturesPerSecond fastest feed, 0 for no limit
 * @param model folder of the base model
 * @param line name of the model line
 * @param data data folder
 * @param given further configuration of the roles, by key
 * @param brokerPort port of the broker, 0 for any free one
 * @param registryPort port of the registry, 0 for any free one
 * @param dashboardPort port of the dashboard, 0 for any free one; absent for its usual one, or any free one when that is taken
 */
public record HouseSettings(
        Optional<Path> images,
        String caption,
        double picturesPerSecond,
        Path model,
        String line,
        Path data,
        Map<String, String> given,
        int brokerPort,
        int registryPort,
        OptionalInt dashboardPort) {
    /** Copies the configuration. */
    public HouseSettings {
        given = Map.copyOf(given);
    }
}
