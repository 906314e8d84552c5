package dev.realalign.app.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;

class ConfigOptionsTest {
    @Test
    void variables_of_the_environment_become_keys_by_their_names() {
        assertThat(ConfigOptions.fromEnvironment(Map.of(
                        "REALALIGN_CONFIG_MODEL_NAME", "portraits",
                        "REALALIGN_CONFIG_TRAINER_BATCH_MAX_WAIT_MS", "500",
                        "REALALIGN_CONFIG_", "nothing",
                        "REALALIGN_THREADS", "2",
                        "MODEL_NAME", "other")))
                .containsOnly(Map.entry("model.name", "portraits"), Map.entry("trainer.batch.max.wait.ms", "500"));
    }
}
