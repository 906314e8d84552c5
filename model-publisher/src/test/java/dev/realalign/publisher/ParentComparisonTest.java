package dev.realalign.publisher;

import static dev.realalign.publisher.Candidates.MODEL;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.realalign.runtime.UserErrorException;
import dev.realalign.schemas.CheckpointCandidate;
import dev.realalign.schemas.CheckpointLayout;
import dev.realalign.schemas.FileEntry;
import dev.realalign.schemas.Measures;
import dev.realalign.schemas.PublishingDecision;
import dev.realalign.schemas.TrustedRecords;
import dev.realalign.schemas.VersionManifest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Errors on their way: with the candidate, through the gate, into the version, and back as the next one's parent. */
class ParentComparisonTest {
    private static final Retention RETENTION =
            new Retention(new RetentionPolicy(0, 0, Duration.ofDays(1)), Duration.ZERO, 9, 0);
    private static final Gate GATE = Gate.all(
            List.of(new HeldOutRatioGate(1.1, false), StopConditionsGate.DEFAULT, new ParentGate(0.01, false)));

    @TempDir
    Path root;

    private final MemoryJournal journal = new MemoryJournal();
    private SecondOpinion opinion = SecondOpinion.NONE;

    @BeforeAll
    static void trust() {
        TrustedRecords.allow();
    }

    @Test
    @DisplayName(
            "A candidate made worse on purpose is refused with its figure, by this publisher and by one started after it")
    void worse() throws IOException {
        CandidateStore store = new CandidateStore(root);
        live(store, store.candidate(10).errors(1).write());
        live(
                store,
                store.candidate(20).errors(1.0625).write(),
                store.candidate(30).errors(0.9375).write());
        live(store, store.candidate(40).errors(1).write());

        assertThat(journal.decisions)
                .extracting(PublishingDecision::getReason)
                .containsExactly(
                        "published",
                        "its error on held-out real images is +6.250 % (standard error 1.203 %) against version 1 over 16"
                                + " measurements of 8 images, more than +1.000 %",
                        "published; error on held-out real images -6.250 % (standard error 1.203 %) against version 1 over"
                                + " 16 measurements of 8 images",
                        "its error on held-out real images is +6.667 % (standard error 1.283 %) against version 2 over 16"
                                + " measurements of 8 images, more than +1.000 %");
        Path folder = store.layout.version(MODEL, 2);
        byte[] manifest = Files.readAllBytes(folder.resolve(CheckpointLayout.MANIFEST));
        FileEntry errors = VersionManifest.parse(manifest, "manifest").file(CheckpointLayout.HELD_OUT_ERRORS);
        assertThat(errors).isEqualTo(FileEntry.of(folder.resolve(CheckpointLayout.HELD_OUT_ERRORS)));
        assertThat(Files.readAllBytes(folder.resolve(CheckpointLayout.HELD_OUT_ERRORS)))
                .isEqualTo(CandidateStore.heldOutErrors(8, 0.9375).toBytes());
    }

    @Test
    @DisplayName("A second opinion is asked of what every gate lets pass, and of nothing else; its figures go into the"
            + " manifest")
    void secondOpinion() throws IOException {
        CandidateStore store = new CandidateStore(root);
        List<Long> asked = new ArrayList<>();
        opinion = (candidate, adapter) -> {
            asked.add(candidate.step());
            return new SecondOpinion.Finding(
                    candidate.step() == 20
                            ? Gate.Verdict.refused("its error on other pictures is too large")
                            : Gate.Verdict.passed("error on other pictures as before"),
                    Map.of(Measures.EVALUATED_RATIO, 0.5));
        };
        live(
                store,
                store.candidate(10).errors(1).write(),
                store.candidate(20).errors(1).write(),
                store.candidate(30).errors(1.0625).write());

        assertThat(asked).containsExactly(10L, 20L);
        assertThat(journal.decisions)
                .extracting(PublishingDecision::getReason)
                .containsExactly(
                        "published; error on other pictures as before",
                        "its error on other pictures is too large",
                        "its error on held-out real images is +6.250 % (standard error 1.203 %) against version 1 over 16"
                                + " measurements of 8 images, more than +1.000 %");
        byte[] manifest = Files.readAllBytes(store.layout.version(MODEL, 1).resolve(CheckpointLayout.MANIFEST));
        assertThat(VersionManifest.parse(manifest, "manifest").evaluation())
                .containsEntry(Measures.EVALUATED_RATIO, 0.5)
                .containsKey(Measures.HELD_OUT_PREFERRED_RATIO);
    }

    @Test
    @DisplayName("Errors that cannot be read refuse the candidate; a version's damaged ones stop the publisher")
    void damaged() throws IOException {
        CandidateStore store = new CandidateStore(root);
        live(
                store,
                store.candidate(10)
                        .errors("[]".getBytes(StandardCharsets.UTF_8))
                        .write(),
                store.candidate(20).errors(1).write());

        assertThat(journal.decisions)
                .extracting(PublishingDecision::getReason)
                .containsExactly("held-out-errors.json is no manifest: it has no whole number \"format\"", "published");
        Path file = store.layout.version(MODEL, 1).resolve(CheckpointLayout.HELD_OUT_ERRORS);
        Files.writeString(file, Files.readString(file).replace('1', '2'));
        assertThatThrownBy(() -> live(store))
                .isInstanceOf(UserErrorException.class)
                .hasMessageStartingWith("held-out-errors.json has SHA-256 ")
                .hasMessageEndingWith(". Restore version 1 of tiny from a copy; versions never change.");
    }

    private void live(CandidateStore store, CheckpointCandidate... candidates) throws IOException {
        journal.announce(candidates);
        try (Journal session = journal.session(PublishingStep.Observer.NONE)) {
            Publisher publisher = new Publisher(
                    session,
                    store.layout,
                    Optional.empty(),
                    GATE,
                    opinion,
                    RETENTION,
                    Clock.fixed(Candidates.NOW, ZoneOffset.UTC),
                    PublishingStep.Observer.NONE);
            for (Journal.Delivery delivery : session.poll(Duration.ZERO)) {
                publisher.decide(delivery);
            }
        }
    }
}
