package dev.realalign.publisher;

import static org.assertj.core.api.Assertions.assertThat;

import dev.realalign.schemas.CandidateManifest;
import dev.realalign.schemas.CheckpointCandidate;
import dev.realalign.schemas.CheckpointLayout;
import dev.realalign.schemas.Measures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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

        assertThat(new HeldOutRatioGate(1.1, false).refusal(manifest(store, candidate), Optional.empty()))
                .isEqualTo(Optional.ofNullable(refusal));
    }

    @Test
    @DisplayName("A candidate nobody measured is not published")
    void unmeasured() throws IOException {
        CandidateStore store = new CandidateStore(root);
        CheckpointCandidate candidate = store.candidate(10).withoutMetrics().write();

        assertThat(new HeldOutRatioGate(1.1, false).refusal(manifest(store, candidate), Optional.empty()))
                .contains(
                        "it has no measure held_out.m_w_over_r_w, so that nobody can tell whether it harms real images");
    }

    @Test
    @DisplayName("A candidate nobody measured is published where that is allowed")
    void unmeasuredAllowed() throws IOException {
        CandidateStore store = new CandidateStore(root);
        CheckpointCandidate candidate = store.candidate(10).withoutMetrics().write();

        assertThat(new HeldOutRatioGate(1.1, true).refusal(manifest(store, candidate), Optional.empty()))
                .isEmpty();
    }

    private static CandidateManifest manifest(CandidateStore store, CheckpointCandidate candidate) throws IOException {
        Path file = store.file(candidate, CheckpointLayout.MANIFEST);
        return CandidateManifest.parse(Files.readAllBytes(file), file.toString());
    }
}
