package dev.realalign.tests.generating;

import dev.realalign.generator.GeneratorConfig;
import dev.realalign.generator.GeneratorService;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;

/** A negative generator in a process of its own, to be killed. */
final class GeneratorProcess {
    private GeneratorProcess() {}

    /**
     * Runs.
     *
     * @param arguments key=value
     */
    public static void main(String[] arguments) throws InterruptedException {
        Map<String, String> given = new HashMap<>();
        for (String argument : arguments) {
            String[] pair = argument.split("=", 2);
            given.put(pair[0], pair[1]);
        }
        try (GeneratorService service = new GeneratorService(GeneratorConfig.from(given))) {
            service.start();
            service.await(Duration.ofMinutes(5));
        }
    }
}
