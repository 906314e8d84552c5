package dev.realalign.diffusion.schedule;

import dev.realalign.diffusion.JsonConfig;
import java.util.List;

/** Options of scheduler_config.json that exist but are not built here: named, never ignored. */
final class SchedulerOptions {

    private SchedulerOptions() {}

    /** Notes every switch that is on but not supported. */
    static void refuse(JsonConfig json, String... switches) {
        for (String key : switches) {
            if (json.flag(key, false)) {
                json.problem("\"" + key + "\": true is not supported; set it to false");
            }
        }
    }

    /** Notes a value that is not among the supported ones. */
    static void require(JsonConfig json, String key, String absent, List<String> supported) {
        String value = json.text(key, absent);
        if (!supported.contains(value)) {
            json.problem(
                    "\"" + key + "\" \"" + value + "\" is not supported; supported: " + String.join(", ", supported));
        }
    }
}
