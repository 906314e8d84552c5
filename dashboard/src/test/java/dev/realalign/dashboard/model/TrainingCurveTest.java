package dev.realalign.dashboard.model;

import static dev.realalign.dashboard.model.Records.START;
import static dev.realalign.dashboard.model.Records.done;
import static dev.realalign.dashboard.model.Records.entry;
import static dev.realalign.dashboard.model.Records.planned;
import static dev.realalign.dashboard.model.Records.session;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.InstanceOfAssertFactories.LIST;

import dev.realalign.schemas.AlarmRaised;
import dev.realalign.schemas.Digest;
import dev.realalign.schemas.GapAccepted;
import dev.realalign.schemas.PlanEnded;
import dev.realalign.schemas.RecordsSkipped;
import dev.realalign.schemas.ReferenceRefreshed;
import dev.realalign.schemas.StageSwitched;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import org.apache.avro.SchemaBuilder;
import org.apache.avro.generic.GenericData;
import org.junit.jupiter.api.Test;

class TrainingCurveTest {
    private static final Digest DIGEST = new Digest(new byte[32]);

    private final TrainingCurve curve = new TrainingCurve();

    @Test
    void theTimeFromAResultToTheNextPlanIsIdleAndTheRestIsWork() {
        curve.take(planned(1, 8, "dpo", START));
        curve.take(done(1, true, Map.of("margin", 0.5), START.plusSeconds(2)));
        curve.take(planned(2, 8, "dpo", START.plusSeconds(5)));
        curve.take(done(2, true, Map.of("margin", 1.5), START.plusSeconds(6)));
        assertThat(curve.idleRatio(50)).isEqualTo(OptionalDouble.of(0.75));
        assertThat(curve.trained()).isEqualTo(16);
        assertThat(curve.view(10).idle()).containsExactly(null, 0.75);
        assertThat(curve.view(10).measures().get("margin")).containsExactly(0.5, 1.5);
        assertThat(curve.view(10).measures().get("d_w")).containsExactly(null, null);
    }

    @Test
    void theTimeBetweenTwoSessionsIsNeitherIdleNorWork() {
        curve.take(done(1, true, Map.of(), START));
        curve.take(session(1, START.plusSeconds(3_600)));
        curve.take(planned(2, 8, "dpo", START.plusSeconds(3_601)));
        curve.take(done(2, true, Map.of(), START.plusSeconds(3_602)));
        assertThat(curve.idleRatio(50)).isEmpty();
        assertThat(curve.view(10).marks())
                .containsExactly(new TrainingCurve.Mark(1, START.plusSeconds(3_600), "session", "session 1 of host 1"));
    }

    @Test
    void aChangedObjectiveAndAStepThatWasNotAppliedAreMarked() {
        curve.take(planned(1, 8, "dpo", START));
        curve.take(done(1, false, Map.of(), START.plusSeconds(1)));
        curve.take(planned(2, 8, "sft", START.plusSeconds(1)));
        assertThat(curve.view(10).marks())
                .extracting(TrainingCurve.Mark::kind)
                .containsExactly("refused-step", "objective");
        assertThat(curve.notApplied(50)).isEqualTo(1);
        assertThat(curve.openStep()).isEqualTo(2);
    }

    @Test
    void aStageThatBeginsIsOneMarkAndItsObjectiveNoOther() {
        curve.take(planned(1, 8, "sft", START));
        curve.take(done(1, true, Map.of(), START));
        curve.take(entry(START, new StageSwitched(1L, 2, "dpo beta=2000", "64 steps", DIGEST, DIGEST)));
        curve.take(planned(2, 8, "dpo beta=2000", START));
        assertThat(curve.view(10).marks())
                .containsExactly(new TrainingCurve.Mark(1, START, "stage", "stage 2: dpo beta=2000 (64 steps)"));
        assertThat(curve.view(10).objective()).isEqualTo("dpo beta=2000");
    }

    @Test
    void aReferenceThatTakesAVersionIsMarked() {
        curve.take(entry(START, new ReferenceRefreshed(12L, 4L, "step-12", DIGEST, DIGEST, DIGEST)));
        assertThat(curve.view(10).marks())
                .containsExactly(new TrainingCurve.Mark(12, START, "reference", "the reference is version 4"));
    }

    @Test
    void anEntryOfAnUnknownKindIsMarkedByItsNameWhereItStands() {
        curve.take(done(7, true, Map.of(), START));
        curve.take(entry(START, new GapAccepted(0, 3L, 9L, "retention cut them")));
        GenericData.Record later = new GenericData.Record(SchemaBuilder.record("WeightsFrozen")
                .fields()
                .requiredLong("step")
                .endRecord());
        later.put("step", 8L);
        curve.take(entry(START, later));
        curve.take(entry(START, "something else altogether"));
        assertThat(curve.view(10).marks())
                .containsExactly(
                        new TrainingCurve.Mark(7, START, "other", "gap accepted: retention cut them"),
                        new TrainingCurve.Mark(8, START, "other", "weights frozen"));
    }

    @Test
    void trainingPausesAfterAnAlarmAndAtTheEndOfItsPlanUntilItGoesOn() {
        curve.take(entry(START, new AlarmRaised(4L, "NOT_FINITE", "gradients were not finite", false)));
        assertThat(curve.pause()).isEmpty();
        curve.take(entry(START, new PlanEnded(9L, "9 steps of 9")));
        assertThat(curve.pause()).contains(new TrainingCurve.Pause(true, 9, START, "9 steps of 9"));
        curve.take(planned(10, 8, "dpo", START));
        assertThat(curve.pause()).as("the plan has grown").isEmpty();
        assertThat(curve.view(10).marks())
                .containsExactly(
                        new TrainingCurve.Mark(4, START, "alarm", "alarm NOT_FINITE: gradients were not finite"),
                        new TrainingCurve.Mark(9, START, "ended", "the plan is over: 9 steps of 9"));
    }

    @Test
    void recordsThatWereSkippedAreNoMark() {
        curve.take(entry(START, new RecordsSkipped(List.of(), List.of(1L))));
        assertThat(curve.view(10).marks()).isEmpty();
    }

    @Test
    void manyStepsAreShownAsMeansOfFewPointsAndTheOldestAreForgotten() {
        for (int step = 1; step <= 20_000; step++) {
            curve.take(planned(step, 1, "dpo", START.plusSeconds(step)));
            curve.take(done(step, true, Map.of("margin", (double) step), START.plusSeconds(step)));
        }
        TrainingCurve.View view = curve.view(400);
        assertThat(view.stepsPerPoint()).isEqualTo(21);
        assertThat(view.step()).hasSize(391).last().isEqualTo(20_000L);
        assertThat(view.step().get(0)).isEqualTo(20_000L - TrainingCurve.STEPS + 21);
        assertThat(view.measures())
                .extractingByKey("margin")
                .asInstanceOf(LIST)
                .first()
                .isEqualTo(20_000.0 - TrainingCurve.STEPS + 11);
        assertThat(curve.trained()).isEqualTo(20_000);
    }
}
