package dev.realalign.publisher;

import static org.assertj.core.api.Assertions.assertThat;

import dev.realalign.schemas.CandidateManifest;
import dev.realalign.schemas.CheckpointCandidate;
import dev.realalign.schemas.CheckpointLayout;
import dev.realalign.schemas.FileEntry;
import dev.realalign.schemas.HeldOutErrors;
import dev.realalign.schemas.Measures;
import dev.realalign.schemas.ObjectiveSettings;
import dev.realalign.schemas.VersionManifest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GateTest {
    @TempDir
    Path root;

    @ParameterizedTest(name = "ratio {0}")
    @CsvSource({
        "0.5,",
        "1.0,",
        "1.1,",
        "1.1001, 'its error on held-out real images is 1.1001 times the reference''s, more than 1.1000'",
        "7, 'its error on held-out real images is 7.0000 times the reference''s, more than 1.1000'"
    })
    void bound(double ratio, String refusal) throws IOException {
        CandidateStore store = new CandidateStore(root);
        CheckpointCandidate candidate = store.candidate(10)
                .metric(Measures.HELD_OUT_PREFERRED_RATIO, ratio)
                .write();

        assertThat(refusals(new HeldOutRatioGate(1.1, false), store, candidate))
                .isEqualTo(refusal == null ? List.of() : List.of(refusal));
    }

    @Test
    @DisplayName("A candidate nobody measured is not published")
    void unmeasured() throws IOException {
        CandidateStore store = new CandidateStore(root);
        CheckpointCandidate candidate = store.candidate(10).withoutMetrics().write();

        assertThat(refusals(new HeldOutRatioGate(1.1, false), store, candidate))
                .containsExactly(
                        "it has no measure held_out.m_w_over_r_w, so that nobody can tell whether it harms real images");
    }

    @Test
    @DisplayName("A candidate nobody measured is published where that is allowed")
    void unmeasuredAllowed() throws IOException {
        CandidateStore store = new CandidateStore(root);
        CheckpointCandidate candidate = store.candidate(10).withoutMetrics().write();

        assertThat(refusals(new HeldOutRatioGate(1.1, true), store, candidate)).isEmpty();
    }

    @ParameterizedTest(name = "{0} {1}, spanning {2} steps")
    @CsvSource({
        "held_out.ema_d_w_over_r_w, 0.01, 400,",
        "held_out.ema_d_w_over_r_w, 0.02, 199,",
        "held_out.ema_d_w_over_r_w, 0.02, 200, 'its error on held-out real images has drifted 0.0200 of the reference''s"
                + " above it, as a moving average over 200 steps, more than 0.0100'",
        "gradient_factor, 0, 0,"
    })
    void stopConditions(String measure, double value, double steps, String refusal) throws IOException {
        CandidateStore store = new CandidateStore(root);
        CheckpointCandidate candidate = store.candidate(10)
                .metric(measure, value)
                .metric(Measures.HELD_OUT_DRIFT_STEPS, steps)
                .write();

        assertThat(refusals(StopConditionsGate.DEFAULT, store, candidate))
                .isEqualTo(refusal == null ? List.of() : List.of(refusal));
    }

    @ParameterizedTest(name = "factor {0}, of which the objective wants {1} at least")
    @CsvSource({
        "0.02, 0.02,",
        "0.0199, 0.02, 'its mean gradient factor is 0.0199, less than 0.0200: nothing is learned from such pairs any"
                + " more'"
    })
    void leastFactor(double factor, double least, String refusal) throws IOException {
        CandidateStore store = new CandidateStore(root);
        CheckpointCandidate candidate = store.candidate(10)
                .metric(Measures.GRADIENT_FACTOR, factor)
                .metric(Measures.GRADIENT_FACTOR_MINIMUM, least)
                .write();

        assertThat(refusals(StopConditionsGate.DEFAULT, store, candidate))
                .isEqualTo(refusal == null ? List.of() : List.of(refusal));
    }

    @Test
    @DisplayName("A held-out error that is not finite is refused by name")
    void notFinite() throws IOException {
        CandidateManifest manifest = manifest(new CandidateStore(root));
        HeldOutErrors errors = CandidateStore.heldOutErrors(2, Double.NaN);

        assertThat(StopConditionsGate.DEFAULT
                        .judge(new Gate.Submission(manifest, Optional.of(errors), Optional.empty()))
                        .refusals())
                .containsExactly("4 of its 4 held-out errors are not finite, first that of slot 0 of image "
                        + errors.measurements().get(0).imageId());
    }

    @ParameterizedTest(name = "{0} common images, {1} times the parent''s error")
    @CsvSource({
        "8, 0.9, 'error on held-out real images -10.000 % (standard error 1.925 %) against version 1 over 16 measurements"
                + " of 8 images',",
        "8, 1.0, 'error on held-out real images +0.000 % (standard error 0.000 %) against version 1 over 16 measurements"
                + " of 8 images',",
        "8, 1.0625, , 'its error on held-out real images is +6.250 % (standard error 1.203 %) against version 1 over 16"
                + " measurements of 8 images, more than +1.000 %'",
        "8, NaN, , 'its error on held-out real images is NaN % (standard error NaN %) against version 1 over 16"
                + " measurements of 8 images, more than +1.000 %'",
        "7, 9, 'not compared with version 1: they share measurements of 7 images, fewer than 8',"
    })
    void parent(int images, double factor, String remark, String refusal) throws IOException {
        Gate.Submission submission = new Gate.Submission(
                manifest(new CandidateStore(root)),
                Optional.of(CandidateStore.heldOutErrors(images, factor)),
                Optional.of(new Gate.Parent(version(), Optional.of(CandidateStore.heldOutErrors(9, 1)))));

        Gate.Verdict verdict = new ParentGate(0.01, false).judge(submission);

        assertThat(verdict.remarks()).isEqualTo(remark == null ? List.of() : List.of(remark));
        assertThat(verdict.refusals()).isEqualTo(refusal == null ? List.of() : List.of(refusal));
    }

    @Test
    @DisplayName(
            "Without errors on either side, there is nothing to compare: allowed only where the parent has none either")
    void parentWithoutErrors() throws IOException {
        CandidateManifest manifest = manifest(new CandidateStore(root));
        Optional<HeldOutErrors> errors = Optional.of(CandidateStore.heldOutErrors(8, 1));
        Gate.Parent measured = new Gate.Parent(version(), errors);
        Gate.Parent unmeasured = new Gate.Parent(version(), Optional.empty());
        Gate.Submission without = new Gate.Submission(manifest, Optional.empty(), Optional.of(measured));
        String missing = "it has no held-out-errors.json to compare it with version 1";

        assertThat(new ParentGate(0.01, false).judge(new Gate.Submission(manifest, errors, Optional.of(unmeasured))))
                .isEqualTo(Gate.Verdict.passed("not compared with version 1, which has no held-out-errors.json"));
        assertThat(new ParentGate(0.01, false).judge(without)).isEqualTo(Gate.Verdict.refused(missing));
        assertThat(new ParentGate(0.01, true).judge(without)).isEqualTo(Gate.Verdict.passed(missing));
        assertThat(new ParentGate(0.01, false).judge(new Gate.Submission(manifest, errors, Optional.empty())))
                .as("version 1 follows nothing")
                .isEqualTo(Gate.Verdict.PASSED);
    }

    @Test
    @DisplayName("Measurements pair by image, slot and timestep, and only those")
    void pairing() {
        HeldOutErrors.Measurement shared = new HeldOutErrors.Measurement(Candidates.digest("a"), 0, 62, 3, 1, 1, 1);
        HeldOutErrors candidate = HeldOutErrors.of(List.of(
                shared,
                new HeldOutErrors.Measurement(Candidates.digest("a"), 1, 187, 9, 1, 1, 1),
                new HeldOutErrors.Measurement(Candidates.digest("b"), 0, 62, 9, 1, 1, 1)));
        HeldOutErrors parent = HeldOutErrors.of(List.of(
                new HeldOutErrors.Measurement(Candidates.digest("a"), 0, 62, 2, 1, 1, 1),
                new HeldOutErrors.Measurement(Candidates.digest("a"), 1, 188, 7, 1, 1, 1),
                new HeldOutErrors.Measurement(Candidates.digest("c"), 0, 62, 7, 1, 1, 1)));

        ParentGate.Comparison found = ParentGate.compare(candidate, parent);

        assertThat(found.images()).isEqualTo(1);
        assertThat(found.measurements()).isEqualTo(1);
        assertThat(found.meanDifference()).isEqualTo(1);
        assertThat(found.relativeIncrease()).isEqualTo(0.5);
        assertThat(found.standardError()).isNaN();
    }

    private static List<String> refusals(Gate gate, CandidateStore store, CheckpointCandidate candidate)
            throws IOException {
        return gate.judge(new Gate.Submission(manifest(store, candidate), Optional.empty(), Optional.empty()))
                .refusals();
    }

    private static CandidateManifest manifest(CandidateStore store) throws IOException {
        return manifest(store, store.candidate(10).write());
    }

    private static VersionManifest version() {
        return new VersionManifest(
                VersionManifest.FORMAT,
                Candidates.MODEL,
                1,
                null,
                CandidateStore.BASE,
                CandidateStore.SHAPE,
                new ObjectiveSettings("dpo", "beta / 2", Map.of()),
                10,
                80,
                80,
                Map.of(),
                null,
                null,
                7,
                Map.of(),
                new VersionManifest.Candidate("c1", Candidates.digest("c1"), Candidates.NOW),
                List.of(new FileEntry("file", Candidates.digest("file"), 1)),
                "",
                Candidates.digest("configuration"));
    }

    private static CandidateManifest manifest(CandidateStore store, CheckpointCandidate candidate) throws IOException {
        Path file = store.file(candidate, CheckpointLayout.MANIFEST);
        return CandidateManifest.parse(Files.readAllBytes(file), file.toString());
    }
}
