package dev.realalign.trainer.stage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.realalign.trainer.stage.ObjectiveChoice.Kind;
import dev.realalign.trainer.stage.RateSchedule.Shape;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StagePlanTextTest {
    private static final Stage DEFAULTS =
            Stage.endless(ObjectiveChoice.of(Kind.DPO, 2000), RateSchedule.constant(1e-4, 10));

    private static StagePlan parse(String text) {
        return StagePlanText.parse(text, DEFAULTS);
    }

    @Test
    void a_plan_says_what_each_stage_sets_for_itself_and_the_defaults_say_the_rest() {
        StagePlan plan = parse("dro steps=1600 growth=1%/100 refresh=8;"
                + "  dpo rate=2.56e-6 warm-up=125 schedule=cosine/200 reference=base mix=0.1/64 beta=100 sdpo=none;");
        assertThat(plan.stages()).hasSize(2);
        assertThat(plan.stage(1))
                .isEqualTo(new Stage(
                        ObjectiveChoice.of(Kind.DRO, 2000),
                        RateSchedule.constant(1e-4, 10),
                        1600,
                        new GrowthRule(1, 100),
                        ReferenceRule.PREVIOUS,
                        8));
        Stage second = plan.stage(2);
        assertThat(second.objective().beta()).isEqualTo(100);
        assertThat(second.objective().sdpoMu()).isEqualTo(OptionalDouble.empty());
        assertThat(second.rate()).isEqualTo(new RateSchedule(2.56e-6, 125, Shape.COSINE, 200));
        assertThat(second.reference()).isEqualTo(new ReferenceRule(ReferenceRule.Start.BASE, 0.1, 64));
        assertThat(second.steps()).isZero();
        assertThat(plan.mark(2)).hasToString("2 of 2 (dpo)");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    drp steps=10; dpo                | stage 1 has the unknown objective drp, did you mean dro?
                    reinforce                        | stage 1 has the unknown objective reinforce (known are dpo, sft, ipo, hinge, dro, spin, kto, mapo, nft)
                    dro; dpo                         | stage 1 (dro) may never end, so the next would never begin: give it steps=N
                    dro growth=1%/100; dpo           | stage 1 (dro) may never end, so the next would never begin: give it steps=N, which growth may end earlier
                    sft steps=10 growth=1%/100; dpo  | stage 1 (sft) has a growth rule, but this objective measures no reference to grow away from: leave growth out
                    dpo schedule=cosine              | stage 1 (dpo) has no steps over which a cosine could fall: give it steps=N, or schedule=cosine/N
                    dro steps=ten; dpo rte=1         | stage 1 (dro) has steps=ten, which must be a whole number of at least 1; stage 2 (dpo) has the unknown setting rte, did you mean rate?
                    dpo growth=1 rate=0              | stage 1 (dpo) has growth=1, which must be like 1%/100, a percentage and a number of steps; stage 1 (dpo) has rate=0, which must be above 0
                    dpo reference=last mix=2/3       | stage 1 (dpo) has reference=last, which must be one of previous, base, kept, accepted; stage 1 (dpo) has mix=2, which must be a share above 0 and up to 1
                    dpo schedule=linear sdpo=1.5     | stage 1 (dpo) has schedule=linear, which must be constant or cosine, or either with /N to begin anew every N steps; stage 1 (dpo) has sdpo=1.5, which must be none or from 0 to 1
                    sft winner-sft=0.5               | stage 1 (sft) has a winner-SFT or anchor term, a multiple of beta/2, and no beta: set them to 0 or choose dpo, ipo, hinge, spin or kto
                    ipo positive=1                   | stage 1 (ipo) has a positive weight, which only dpo has: set it to 0 or choose dpo
                    ;                                | it names no stage
                    """)
    void a_mistake_is_named_with_its_remedy(String text, String message) {
        assertThatThrownBy(() -> parse(text)).hasMessage(message);
    }

    @Test
    void the_rate_rises_stays_or_falls_and_begins_anew_with_each_cycle() {
        RateSchedule constant = RateSchedule.constant(1, 4);
        assertThat(constant.at(1, 0)).isEqualTo(0.25);
        assertThat(constant.at(4, 0)).isEqualTo(1);
        assertThat(constant.at(400, 0)).isEqualTo(1);
        RateSchedule cosine = new RateSchedule(1, 0, Shape.COSINE, 0);
        assertThat(cosine.at(50, 99)).isCloseTo(0.5, within(1e-12));
        assertThat(cosine.at(99, 99)).isBetween(0.0, 1e-3);
        RateSchedule cycles = new RateSchedule(1, 4, Shape.COSINE, 10);
        assertThat(cycles.at(11, 0)).as("re-warmed").isEqualTo(cycles.at(1, 0)).isEqualTo(0.25);
        assertThat(cycles.at(10, 0)).isLessThan(cycles.at(5, 0));
    }

    @Test
    void a_stage_ends_when_its_gain_has_hardly_grown_for_a_span() {
        GrowthRule rule = new GrowthRule(1, 10);
        Stage stage = new Stage(
                DEFAULTS.objective(), DEFAULTS.rate(), 100, rule, ReferenceRule.PREVIOUS, DEFAULTS.refreshSteps());
        GrowthAverage average = GrowthAverage.NONE;
        int taken = 0;
        while (stage.end(taken, average).isEmpty()) {
            taken++;
            average = stage.averaged(average, Math.min(taken, 25)); // grows for 25 steps, then stays
        }
        assertThat(taken).isEqualTo(50);
        assertThat(stage.end(taken, average)).contains("the average of e_ref - e grew by less than 1.0 % in 10 steps");
        assertThat(stage.end(100, GrowthAverage.NONE)).contains("its 100 steps are done");
    }

    @Test
    void a_step_that_measured_nothing_does_not_end_a_stage() {
        Stage stage =
                new Stage(DEFAULTS.objective(), DEFAULTS.rate(), 0, new GrowthRule(1, 2), ReferenceRule.PREVIOUS, 1);
        GrowthAverage average = GrowthAverage.NONE;
        for (int i = 0; i < 10; i++) {
            average = stage.averaged(average, Double.NaN);
        }
        assertThat(average).isEqualTo(GrowthAverage.NONE);
    }

    @Test
    void progress_comes_back_from_its_texts_to_the_bit() {
        StageProgress progress = new StageProgress(2, 16, 7, new GrowthAverage(5, 0.1 + 0.2, Math.PI, true), 16, 20);
        assertThat(StageProgress.of(progress.metadata())).isEqualTo(progress);
    }
}
