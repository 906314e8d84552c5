package dev.realalign.app.demo;

import static org.assertj.core.api.Assertions.assertThat;

import dev.realalign.curator.gate.Reason;
import dev.realalign.dashboard.model.Stage;
import dev.realalign.generator.GeneratorConfig;
import dev.realalign.runtime.LagTarget;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What lag, metrics and dashboard measure, and what the page says about it. */
class StagesTest {
    private static final Map<String, String> LINE = Map.of("model.name", "tiny");

    @Test
    void everyStageOfALineIsMeasuredUnderTheGroupTheDashboardLooksFor() {
        Map<Stage, String> groups = StageGroupNames.of(LINE).names();
        assertThat(groups.keySet()).containsExactlyInAnyOrder(Stage.values());
        groups.forEach((stage, group) ->
                assertThat(Stages.topicOf(group)).as("topic of %s", group).contains(stage.topic()));
    }

    @Test
    void generatorsAreMeasuredInTheRequestsAlsoUnderAGroupOfTheirOwn() {
        assertThat(Stages.among(Set.of("realalign-generators", "realalign-generators-share", "realalign-lease-tiny")))
                .containsExactly(
                        new LagTarget("realalign-generators", Set.of("negative-requests"), Optional.empty()),
                        new LagTarget("realalign-generators-share", Set.of("negative-requests"), Optional.empty()));
    }

    @Test
    void theDashboardLooksForTheGroupThatTheConfigurationNames() {
        assertThat(StageGroupNames.of(Map.of("model.name", "tiny", GeneratorConfig.GROUP, "realalign-generators-share"))
                        .names())
                .containsEntry(Stage.GENERATOR, "realalign-generators-share")
                .containsEntry(Stage.TRAINER, "realalign-trainer-tiny");
    }

    @ParameterizedTest
    @EnumSource(Reason.class)
    void theDashboardSaysEveryReasonInPlainWords(Reason reason) throws IOException {
        try (InputStream page = Stage.class.getResourceAsStream("/dev/realalign/dashboard/page/rejections.js")) {
            assertThat(page).isNotNull();
            assertThat(new String(page.readAllBytes(), StandardCharsets.UTF_8))
                    .containsPattern("\n  " + reason.name() + ": '[A-Z][^']{10,100}\\.',\n");
        }
    }
}
