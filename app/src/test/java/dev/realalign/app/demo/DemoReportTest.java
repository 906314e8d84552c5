package dev.realalign.app.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.realalign.runtime.UserErrorException;
import dev.realalign.schemas.CheckpointCandidate;
import dev.realalign.schemas.CheckpointVersion;
import dev.realalign.schemas.Measures;
import dev.realalign.schemas.OffsetRange;
import dev.realalign.schemas.PublishingDecision;
import dev.realalign.trainer.stage.ObjectiveChoice;
import dev.realalign.trainer.stage.ObjectiveChoice.Kind;
import dev.realalign.trainer.stage.RateSchedule;
import dev.realalign.trainer.stage.Stage;
import dev.realalign.trainer.stage.StagePlan;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DemoReportTest {
    @TempDir
    Path folder;

    private static final CheckpointVersion VERSION = CheckpointVersion.newBuilder()
            .setModel("m")
            .setVersion(1)
            .setDigest("d1")
            .setLocation("file:///store")
            .setParent(null)
            .setCandidateDigest("c1")
            .setStep(10)
            .setTriples(80)
            .setOffsets(Map.of(
                    "preference-triples-0", new OffsetRange(0L, 41L), "preference-triples-1", new OffsetRange(3L, 45L)))
            .setCandidateCreatedAt(Instant.EPOCH)
            .setPublishedAt(Instant.EPOCH)
            .build();

    private static final StagePlan PLAN = new StagePlan(List.of(stage(Kind.DRO), stage(Kind.DPO)));

    private static Stage stage(Kind kind) {
        return Stage.endless(ObjectiveChoice.of(kind, 2000), RateSchedule.constant(1e-3, 0));
    }

    private static final Census CENSUS = new Census(
            100,
            90,
            0,
            Map.of("DUPLICATE", 7L, "CORRUPT", 3L),
            List.of(candidate("c1", 10, 1, 0.98), candidate("c2", 12, 2, 0.99)),
            List.of(),
            List.of(VERSION));

    @Test
    void theReportHasExactlyItsFixedFields() throws Exception {
        Path file = folder.resolve("report.json");
        DemoReport.of(CENSUS, PLAN, List.of(new DemoReport.Received(1, "d1")), 12.5)
                .write(file);

        JsonNode report = new JsonMapper().readTree(Files.readString(file));
        assertThat(report)
                .isEqualTo(
                        new JsonMapper()
                                .readTree(
                                        """
                                {"fed": 100, "accepted": 90, "rejected": {"CORRUPT": 3, "DUPLICATE": 7}, "triples": 90,
                                 "trainedTriples": 96, "steps": 12, "ledgerSha256": "ledger of c2",
                                 "weightsSha256": "weights of c2", "seconds": 12.5,
                                 "stages": [{"stage": 1, "objective": "dro", "lastStep": 10, "heldOutRatio": 0.98},
                                   {"stage": 2, "objective": "dpo", "lastStep": 12, "heldOutRatio": 0.99}],
                                 "versions": [{"version": 1, "digest": "d1", "step": 10, "triples": 80,
                                   "offsets": {"preference-triples-0": [0, 41], "preference-triples-1": [3, 45]}}],
                                 "received": [{"version": 1, "digest": "d1"}]}
                                """));
        assertThat(folder.toFile().list()).containsExactly("report.json");
    }

    @Test
    void ofEachStageTheNewestCandidateCounts() {
        List<CheckpointCandidate> candidates =
                List.of(candidate("c1", 8, 1, 0.97), candidate("c2", 10, 1, 0.98), candidate("c3", 16, 2, 1.0));
        assertThat(DemoReport.Stage.of(candidates, PLAN).stream().map(DemoReport.Stage::sentence))
                .containsExactly(
                        "stage 1 (dro) up to step 10: held-out m_w/r_w 0.9800",
                        "stage 2 (dpo) up to step 16: held-out m_w/r_w 1.0000");
    }

    @Test
    void aReportWithoutAnyVersionCountsNothingTrained() {
        DemoReport report =
                DemoReport.of(new Census(1, 1, 0, Map.of(), List.of(), List.of(), List.of()), PLAN, List.of(), 1);
        assertThat(report.trainedTriples()).isZero();
        assertThat(report.steps()).isZero();
        assertThat(report.versions()).isEmpty();
    }

    @Test
    void aReportThatCannotBeWrittenNamesTheFileAndTheOption() {
        Path nowhere = folder.resolve("no").resolve("report.json");
        assertThatThrownBy(() -> DemoReport.of(CENSUS, PLAN, List.of(), 1).write(nowhere))
                .isInstanceOf(UserErrorException.class)
                .hasMessageStartingWith("The report cannot be written to " + nowhere)
                .hasMessageEndingWith("choose another place with --report.");
    }

    @Test
    void aCandidateIsOpenUntilItIsPublishedOrRefused() {
        assertThat(CENSUS.unpublished()).isEqualTo(1);
        PublishingDecision refused = PublishingDecision.newBuilder()
                .setModel("m")
                .setCandidate("step-2")
                .setCandidateDigest("c2")
                .setAccepted(false)
                .setVersion(null)
                .setReason("a weight is not finite")
                .setDecidedAt(Instant.EPOCH)
                .build();
        assertThat(new Census(0, 0, 0, Map.of(), CENSUS.candidates(), List.of(refused), CENSUS.versions())
                        .unpublished())
                .isZero();
        assertThat(CENSUS.undecided()).isZero();
        assertThat(new Census(101, 90, 0, CENSUS.rejected(), List.of(), List.of(), List.of()).undecided())
                .isEqualTo(1);
    }

    private static CheckpointCandidate candidate(String digest, long step, int stage, double ratio) {
        return CheckpointCandidate.newBuilder()
                .setModel("m")
                .setCandidate("step-" + digest)
                .setDigest(digest)
                .setLocation("file:///store")
                .setStep(step)
                .setTriples(step * 8)
                .setNextOffsets(Map.of())
                .setMetrics(Map.of(Measures.STAGE, (double) stage, Measures.HELD_OUT_PREFERRED_RATIO, ratio))
                .setCreatedAt(Instant.EPOCH)
                .setLedgerSha256("ledger of " + digest)
                .setWeightsSha256("weights of " + digest)
                .build();
    }
}
