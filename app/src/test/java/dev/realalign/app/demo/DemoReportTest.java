package dev.realalign.app.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.realalign.runtime.UserErrorException;
import dev.realalign.schemas.CheckpointCandidate;
import dev.realalign.schemas.CheckpointVersion;
import dev.realalign.schemas.OffsetRange;
import dev.realalign.schemas.PublishingDecision;
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

    private static final Census CENSUS = new Census(
            100,
            90,
            0,
            Map.of(
                    "SDEDIT", Map.of("version 1", 4L, "base model", 6L),
                    "LOCAL_WARP", Map.of("perturbed", 80L)),
            Map.of("DUPLICATE", 7L, "CORRUPT", 3L),
            List.of(candidate("c1", 10), candidate("c2", 12)),
            List.of(),
            List.of(VERSION));

    @Test
    void theReportHasExactlyItsFixedFields() throws Exception {
        Path file = folder.resolve("report.json");
        DemoReport.of(CENSUS, List.of(new DemoReport.Received(1, "d1")), 12.5).write(file);

        JsonNode report = new JsonMapper().readTree(Files.readString(file));
        assertThat(report)
                .isEqualTo(
                        new JsonMapper()
                                .readTree(
                                        """
                                {"fed": 100, "accepted": 90, "rejected": {"CORRUPT": 3, "DUPLICATE": 7}, "triples": 90,
                                 "negatives": {"LOCAL_WARP": {"perturbed": 80},
                                   "SDEDIT": {"base model": 6, "version 1": 4}},
                                 "trainedTriples": 96, "steps": 12, "ledgerSha256": "ledger of c2",
                                 "weightsSha256": "weights of c2", "seconds": 12.5,
                                 "versions": [{"version": 1, "digest": "d1", "step": 10, "triples": 80,
                                   "offsets": {"preference-triples-0": [0, 41], "preference-triples-1": [3, 45]}}],
                                 "received": [{"version": 1, "digest": "d1"}]}
                                """));
        assertThat(folder.toFile().list()).containsExactly("report.json");
    }

    @Test
    void aReportWithoutAnyVersionCountsNothingTrained() {
        DemoReport report =
                DemoReport.of(new Census(1, 1, 0, Map.of(), Map.of(), List.of(), List.of(), List.of()), List.of(), 1);
        assertThat(report.trainedTriples()).isZero();
        assertThat(report.steps()).isZero();
        assertThat(report.versions()).isEmpty();
    }

    @Test
    void aReportThatCannotBeWrittenNamesTheFileAndTheOption() {
        Path nowhere = folder.resolve("no").resolve("report.json");
        assertThatThrownBy(() -> DemoReport.of(CENSUS, List.of(), 1).write(nowhere))
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
        assertThat(new Census(0, 0, 0, Map.of(), Map.of(), CENSUS.candidates(), List.of(refused), CENSUS.versions())
                        .unpublished())
                .isZero();
        assertThat(CENSUS.undecided()).isZero();
        assertThat(new Census(101, 90, 0, Map.of(), CENSUS.rejected(), List.of(), List.of(), List.of()).undecided())
                .isEqualTo(1);
    }

    private static CheckpointCandidate candidate(String digest, long step) {
        return CheckpointCandidate.newBuilder()
                .setModel("m")
                .setCandidate("step-" + digest)
                .setDigest(digest)
                .setLocation("file:///store")
                .setStep(step)
                .setTriples(step * 8)
                .setNextOffsets(Map.of())
                .setMetrics(Map.of())
                .setCreatedAt(Instant.EPOCH)
                .setLedgerSha256("ledger of " + digest)
                .setWeightsSha256("weights of " + digest)
                .build();
    }
}
