package dev.realalign.tests.curating;

import dev.realalign.curator.CuratorConfig;
import dev.realalign.curator.CuratorService;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;

/** A curator in a process of its own, to be killed. */
final class CuratorProcess {
    private CuratorProcess() {}

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
        try (CuratorService service = new CuratorService(CuratorConfig.from(given))) {
            service.start();
            service.await(Duration.ofMinutes(5));
        }
    }
}
