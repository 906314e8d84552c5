package dev.realalign.schemas;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;

class ObjectiveSettingsTest {
    @Test
    void one_line_names_the_objective_its_settings_in_order_and_what_beta_means() {
        assertThat(new ObjectiveSettings("dpo", "u = beta/2 d", Map.of("stage", "2 of 2", "beta", "2000.0")))
                .hasToString("dpo: beta=2000.0, stage=2 of 2 (u = beta/2 d)");
        assertThat(new ObjectiveSettings("sft", "", Map.of())).hasToString("sft");
    }
}
