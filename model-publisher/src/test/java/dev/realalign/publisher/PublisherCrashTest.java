package dev.realalign.publisher;

import static dev.realalign.publisher.Candidates.MODEL;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.realalign.schemas.CheckpointCandidate;
import dev.realalign.schemas.CheckpointCommand;
import dev.realalign.schemas.CheckpointLayout;
import dev.realalign.schemas.CheckpointVersion;
import dev.realalign.schemas.FileEntry;
import dev.realalign.schemas.Measures;
import dev.realalign.schemas.PublishingDecision;
import dev.realalign.schemas.Sha256;
import dev.realalign.schemas.TrustedRecords;
import dev.realalign.schemas.VersionManifest;
import dev.realalign.schemas.signing.ModelSignature;
import dev.realalign.schemas.signing.SignedFiles;
import dev.realalign.schemas.signing.SigningKey;
import dev.realalign.schemas.signing.TrustedKeys;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Kills the publisher at every boundary between two steps, restarts it, and compares with a run that never died: the same
 * versions with the same bytes, no gap, no double, nothing left over.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class PublisherCrashTest {
    private static final Retention RETENTION =
            new Retention(new RetentionPolicy(0, 0, Duration.ofDays(1)), Duration.ZERO, 2, 0);
    /** Boundaries passed in a run that never dies; the first test holds the two to be equal. */
    private static final int BOUNDARIES = 85;

    private static final SigningKey KEY = SigningKey.generate();

    @TempDir
    Path root;

    private Outcome undisturbed = new Outcome(List.of(), List.of(), List.of(), Map.of(), List.of(), List.of());
    private int boundaries;

    @BeforeAll
    void runUndisturbed(@TempDir Path own) throws IOException {
        TrustedRecords.allow();
        Run run = new Run(own);
        run.attempt(step -> boundaries++);
        undisturbed = run.outcome();
    }

    @Test
    @DisplayName("A run that never dies publishes three versions, refuses one candidate and passes over two repeats")
    void undisturbed() {
        assertThat(boundaries).isEqualTo(BOUNDARIES);
        assertThat(undisturbed.versions()).hasSize(3);
        assertThat(undisturbed.decisions())
                .containsExactly(
                        "step-0000000010-s0001: published",
                        "step-0000000020-s0001: published",
                        "step-0000000030-s0001: its error on held-out real images is 1.5000 times the reference's, more than"
                                + " 1.1000",
                        "step-0000000010-s0001: already published as version 1",
                        ": garbage",
                        "promote: canary moved to version 1: because",
                        "promote: canary points to version 1 (digest "
                                + undisturbed.versions().get(0).getDigest()
                                + ", moved by somebody: because) by now, not yet nowhere as expected: look again and"
                                + " repeat the command if it still makes sense",
                        "step-0000000040-s0001: published",
                        "promote: canary points to version 1 (digest "
                                + undisturbed.versions().get(0).getDigest()
                                + ", moved by somebody: because) by now, not to digest " + Candidates.digest("stale")
                                + " as expected: look again and repeat the command if it still makes sense");
        assertThat(undisturbed.aliasMoves())
                .containsExactly("latest 1 -> 1", "latest 2 -> 2", "canary 1 -> 1", "latest 3 -> 3");
        assertThat(undisturbed.files())
                .containsExactly(
                        "candidates/step-0000000030-s0001",
                        "candidates/step-0000000040-s0001",
                        "versions/00000001",
                        "versions/00000002",
                        "versions/00000003");
    }

    @ParameterizedTest(name = "killed at boundary {0}")
    @MethodSource("everyBoundary")
    void killedOnce(int boundary) throws IOException {
        Run run = new Run(root.resolve("once-" + boundary));
        run.attempt(new CrashAt(boundary));
        run.attempt(PublishingStep.Observer.NONE);

        assertThat(run.outcome()).isEqualTo(undisturbed);
    }

    @ParameterizedTest(name = "killed again and again, seed {0}")
    @MethodSource("seeds")
    void killedOften(long seed) throws IOException {
        Random random = new Random(seed);
        Run run = new Run(root.resolve("often-" + seed));
        for (int crash = 0; crash < 20; crash++) {
            run.attempt(new CrashAt(random.nextInt(12)));
        }
        run.attempt(PublishingStep.Observer.NONE);

        assertThat(run.outcome()).isEqualTo(undisturbed);
    }

    @ParameterizedTest(name = "replaced at {0}")
    @EnumSource(
            value = PublishingStep.class,
            names = {"COMMITTED", "PRUNED", "RETIRED", "REMOVED"},
            mode = EnumSource.Mode.EXCLUDE)
    @DisplayName("A publisher that sleeps while another does its work wakes up to harm nothing")
    void replaced(PublishingStep asleepAt) throws IOException {
        Run run = new Run(root.resolve("replaced-" + asleepAt));
        AtomicBoolean slept = new AtomicBoolean();
        AtomicBoolean fenced = new AtomicBoolean();
        try {
            run.attempt(step -> {
                if (step == asleepAt && slept.compareAndSet(false, true)) {
                    run.attemptUnchecked(new HeldOutRatioGate(1.1, false));
                }
            });
        } catch (MemoryJournal.Fenced e) {
            fenced.set(true);
        }

        assertThat(slept).isTrue();
        assertThat(fenced).isTrue();
        assertThat(run.outcome()).isEqualTo(undisturbed);
    }

    @Test
    @DisplayName("A publisher that wakes up removes nothing that its successor announced under the same number")
    void replacedByAnother() throws IOException {
        Run run = new Run(root.resolve("stricter"));
        Gate stricter = submission ->
                submission.candidate().step() == 10 ? Gate.Verdict.refused("not this one") : Gate.Verdict.PASSED;
        AtomicBoolean slept = new AtomicBoolean();

        assertThatThrownBy(() -> run.attempt(step -> {
                    if (step == PublishingStep.MANIFEST_WRITTEN && slept.compareAndSet(false, true)) {
                        run.attemptUnchecked(stricter);
                    }
                }))
                .isInstanceOf(MemoryJournal.Fenced.class);

        assertThat(run.journal.versions).extracting(CheckpointVersion::getStep).containsExactly(20L, 30L, 40L);
        run.verifyWhatIsAnnounced();
    }

    @Test
    @DisplayName("Unsigned versions have no signature, and the same digests as signed ones")
    void unsigned() throws IOException {
        Run run = new Run(root.resolve("unsigned"));
        run.key = Optional.empty();
        run.attempt(PublishingStep.Observer.NONE);

        run.verifyWhatIsAnnounced();
        assertThat(run.journal.versions)
                .extracting(CheckpointVersion::getDigest)
                .isEqualTo(undisturbed.versions().stream()
                        .map(CheckpointVersion::getDigest)
                        .toList());
    }

    @ParameterizedTest(name = "killed at {0}")
    @EnumSource(
            value = PublishingStep.class,
            names = {"SIGNED", "IN_PLACE", "READ_BACK", "RECORDS_SENT"})
    @DisplayName("What a crash left unannounced under an old key is signed anew with the new one")
    void newKeyAfterACrash(PublishingStep step) throws IOException {
        Run run = new Run(root.resolve("new-key-" + step));
        run.attempt(passed -> {
            if (passed == step) {
                throw new Crash();
            }
        });
        run.key = Optional.of(SigningKey.generate());
        run.attempt(PublishingStep.Observer.NONE);

        run.verifyWhatIsAnnounced();
        assertThat(run.journal.versions).hasSize(3);
    }

    static IntStream everyBoundary() {
        return IntStream.range(0, BOUNDARIES);
    }

    static Stream<Long> seeds() {
        return Stream.of(1L, 2L, 3L, 4L, 5L);
    }

    /** Everything that can be seen from outside after a run. */
    private record Outcome(
            List<CheckpointVersion> versions,
            List<String> aliasMoves,
            List<String> decisions,
            Map<TopicPartition, Long> offsets,
            List<String> files,
            List<String> signatures) {}

    /** A line of candidates in a store of its own. */
    private static final class Run {
        private final CandidateStore store;
        private final MemoryJournal journal = new MemoryJournal();
        private Optional<SigningKey> key = Optional.of(KEY);

        Run(Path root) throws IOException {
            this.store = new CandidateStore(root);
            CheckpointCandidate first = store.candidate(10).write();
            journal.announce(first, store.candidate(20).write());
            journal.announce(store.candidate(30)
                    .metric(Measures.HELD_OUT_PREFERRED_RATIO, 1.5)
                    .write());
            journal.announce(first, first);
            journal.announceGarbage();
            CheckpointCommand canary = Commands.command("promote", "canary", 1L, null);
            journal.ask(canary, Commands.command("promote", "canary", 2L, null), canary);
            journal.announce(store.candidate(40).write());
            journal.ask(Commands.command("promote", "canary", 2L, Candidates.digest("stale")));
        }

        /** One life of a publisher, as long as it lasts. */
        void attempt(PublishingStep.Observer steps) throws IOException {
            attempt(steps, new HeldOutRatioGate(1.1, false));
        }

        void attemptUnchecked(Gate gate) {
            try {
                attempt(PublishingStep.Observer.NONE, gate);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        private void attempt(PublishingStep.Observer steps, Gate gate) throws IOException {
            Clock clock = Clock.fixed(Candidates.NOW, ZoneOffset.UTC);
            try (Journal session = journal.session(steps)) {
                Publisher publisher =
                        new Publisher(session, store.layout, key, gate, SecondOpinion.NONE, RETENTION, clock, steps);
                for (Journal.Delivery delivery : session.poll(Duration.ZERO)) {
                    publisher.decide(delivery);
                }
            } catch (Crash e) {
                verifyWhatIsAnnounced();
            }
        }

        /** At no moment may a reader of the topics meet a version that is not whole on the disk. */
        void verifyWhatIsAnnounced() throws IOException {
            for (CheckpointVersion version : journal.versions) {
                Path folder = store.layout.version(MODEL, version.getVersion());
                byte[] bytes = Files.readAllBytes(folder.resolve(CheckpointLayout.MANIFEST));
                assertThat(Sha256.hex(bytes)).isEqualTo(version.getDigest());
                VersionManifest manifest = VersionManifest.parse(bytes, folder.toString());
                for (FileEntry file : manifest.files()) {
                    file.verify(folder.resolve(file.name()));
                }
                Path signature = folder.resolve(CheckpointLayout.SIGNATURE);
                assertThat(Files.exists(signature)).isEqualTo(key.isPresent());
                if (key.isPresent()) {
                    ModelSignature.verify(
                                    Files.readAllBytes(signature),
                                    TrustedKeys.of(key.get().publicKey()))
                            .require(SignedFiles.of(manifest, version.getDigest()));
                }
            }
        }

        Outcome outcome() throws IOException {
            verifyWhatIsAnnounced();
            assertThat(journal.versions.stream().map(CheckpointVersion::getVersion))
                    .containsExactly(1L, 2L, 3L);
            assertThat(journal.committed).isEqualTo(journal.ends());
            return new Outcome(
                    journal.versions.stream()
                            .map(version -> CheckpointVersion.newBuilder(version)
                                    .setLocation("")
                                    .build())
                            .toList(),
                    journal.aliases.stream()
                            .map(alias -> alias.getAlias() + " " + alias.getSequence() + " -> " + alias.getVersion()
                                    + (alias.getHeld() ? " held" : ""))
                            .toList(),
                    journal.decisions.stream().map(Run::sentence).toList(),
                    Map.copyOf(journal.committed),
                    folders(),
                    signatures());
        }

        private List<String> signatures() throws IOException {
            List<String> digests = new ArrayList<>();
            for (CheckpointVersion version : journal.versions) {
                digests.add(Sha256.hex(
                        store.layout.version(MODEL, version.getVersion()).resolve(CheckpointLayout.SIGNATURE)));
            }
            return digests;
        }

        private static String sentence(PublishingDecision decision) {
            String what = decision.getCommand() == null ? decision.getCandidate() : decision.getAction();
            return what + ": " + decision.getReason();
        }

        private List<String> folders() throws IOException {
            Path model = store.layout.model(MODEL);
            try (Stream<Path> tree = Files.walk(model, 2)) {
                return tree.map(path -> model.relativize(path).toString().replace('\\', '/'))
                        .filter(path -> path.contains("/"))
                        .sorted()
                        .toList();
            }
        }
    }

    private static final class Crash extends Error {
        private static final long serialVersionUID = 1L;
    }

    private static final class CrashAt implements PublishingStep.Observer {
        private int left;

        CrashAt(int boundary) {
            this.left = boundary;
        }

        @Override
        public void passed(PublishingStep step) {
            if (left-- == 0) {
                throw new Crash();
            }
        }
    }
}
