package dev.realalign.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.realalign.runtime.UserErrorException;
import dev.realalign.trainer.loop.AlarmAction;
import dev.realalign.trainer.plan.ReplayRule;
import dev.realalign.trainer.plan.SourceWeights;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TrainerConfigTest {
    private static Map<String, String> given(String... more) {
        Map<String, String> given = new HashMap<>(Map.of(
                "bootstrap.servers",
                "broker:9092",
                "schema.registry.url",
                "http://registry",
                "model.name",
                "m",
                "checkpoint.store.uri",
                "file:///srv/checkpoints",
                TrainerConfig.BASE_MODEL,
                "model"));
        for (int i = 0; i < more.length; i += 2) {
            given.put(more[i], more[i + 1]);
        }
        return given;
    }

    private static List<String> problems(String... more) {
        return catchThrowableOfType(UserErrorException.class, () -> TrainerConfig.from(given(more)))
                .problems();
    }

    @Test
    void by_default_nothing_is_replayed_all_sources_count_and_an_alarm_pauses() {
        TrainerConfig config = TrainerConfig.from(given());
        assertThat(config.loop().replay()).isEqualTo(new ReplayRule(512, 0, 8));
        assertThat(config.loop().admission().weights()).isEqualTo(SourceWeights.NONE);
        assertThat(config.loop().admission().maxVersionsBehind()).isEqualTo(8);
        assertThat(config.loop().alarmAction()).isEqualTo(AlarmAction.PAUSE);
        assertThat(config.loop().resume()).isFalse();
    }

    @Test
    void the_share_of_replay_is_rounded_to_whole_pairs() {
        assertThat(TrainerConfig.from(given(TrainerConfig.REPLAY_SHARE, "0.2"))
                        .loop()
                        .replay())
                .isEqualTo(new ReplayRule(512, 2, 6));
    }

    @Test
    void a_batch_without_a_fresh_pair_is_refused() {
        assertThat(problems(TrainerConfig.REPLAY_SHARE, "0.9", TrainerConfig.BATCH_PAIRS, "2"))
                .hasSize(1)
                .first()
                .asString()
                .contains(TrainerConfig.REPLAY_SHARE, TrainerConfig.BATCH_PAIRS)
                .endsWith("no pair of a batch would be fresh. Lower the share or raise the pairs.");
    }

    @Test
    void weights_and_actions_that_mean_nothing_are_refused_together() {
        assertThat(problems(TrainerConfig.SOURCE_WEIGHTS, "a=2", TrainerConfig.ALARM_ACTION, "panic"))
                .hasSize(2)
                .anySatisfy(problem -> assertThat(problem)
                        .contains(TrainerConfig.SOURCE_WEIGHTS)
                        .contains("a=2 is not BEGINNING=SHARE or tier:NAME=SHARE, with a share from 0 to 1"))
                .anySatisfy(problem -> assertThat(problem)
                        .contains(TrainerConfig.ALARM_ACTION)
                        .contains("one of pause, rewind, none"));
    }
}
