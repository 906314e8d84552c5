package dev.realalign.dashboard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.realalign.dashboard.model.StageGroups;
import dev.realalign.runtime.UserErrorException;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class DashboardConfigTest {
    private static final StageGroups GROUPS = new StageGroups(Map.of());

    private static DashboardConfig read(String... more) {
        Map<String, String> given = new HashMap<>(Map.of(
                "bootstrap.servers",
                "localhost:9092",
                "schema.registry.url",
                "http://localhost",
                "model.name",
                "tiny"));
        for (int i = 0; i < more.length; i += 2) {
            given.put(more[i], more[i + 1]);
        }
        return DashboardConfig.from(given, GROUPS);
    }

    @Test
    void itListensOnThisMachineAloneUnlessToldOtherwise() {
        assertThat(read().toString()).isEqualTo("dashboard of tiny on 127.0.0.1:8470");
    }

    @Test
    void anotherAddressNeedsAToken() {
        assertThatThrownBy(() -> read("dashboard.host", "0.0.0.0"))
                .isInstanceOf(UserErrorException.class)
                .hasMessageContaining("dashboard.host")
                .hasMessageContaining(
                        "anybody who reaches this address could see the pictures: set dashboard.token, or listen on 127.0.0.1");
        assertThat(read("dashboard.host", "0.0.0.0", "dashboard.token", "correct horse battery")
                        .toString())
                .isEqualTo("dashboard of tiny on 0.0.0.0:8470 with a token");
    }

    @Test
    void aTokenThatCanBeGuessedIsRefusedAndNotPrinted() {
        assertThatThrownBy(() -> read("dashboard.token", "opensesame"))
                .isInstanceOf(UserErrorException.class)
                .hasMessageContaining("give at least 16 characters")
                .hasMessageNotContaining("opensesame");
    }
}
