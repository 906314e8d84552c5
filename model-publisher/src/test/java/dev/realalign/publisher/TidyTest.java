package dev.realalign.publisher;

import static dev.realalign.publisher.Candidates.MODEL;
import static org.assertj.core.api.Assertions.assertThat;

import dev.realalign.schemas.CheckpointVersion;
import dev.realalign.schemas.PublishingDecision;
import dev.realalign.schemas.SubscriberStatus;
import dev.realalign.schemas.TrustedRecords;
import dev.realalign.schemas.signing.SigningKey;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Retention at work on a store: topics first, folders after the grace period, whatever happens in between. */
class TidyTest {
    private static final Duration GRACE = Duration.ofHours(1);
    private static final Retention RETENTION =
            new Retention(new RetentionPolicy(2, 0, Duration.ofDays(7)), GRACE, 9, 0);
    private static final SigningKey KEY = SigningKey.generate();

    @TempDir
    Path root;

    private final MemoryJournal journal = new MemoryJournal();
    private CandidateStore store = new CandidateStore(Path.of("unset"));

    @BeforeAll
    static void trust() {
        TrustedRecords.allow();
    }

    @BeforeEach
    void fiveVersionsOfWhichOneIsHeld() throws IOException {
        store = new CandidateStore(root);
        for (long step = 10; step <= 50; step += 10) {
            journal.announce(store.candidate(step).write());
        }
        live(Candidates.NOW, step -> {});
        journal.subscribers.add(SubscriberStatus.newBuilder()
                .setSubscriber("painter")
                .setModel(MODEL)
                .setFollows("alias canary")
                .setVersion(2L)
                .setReportedAt(Candidates.NOW)
                .build());
    }

    @Test
    @DisplayName("Retired versions leave the topics at once and the disk after the grace period; a held one survives")
    void twoPhases() throws IOException {
        tidy(Candidates.NOW.plus(GRACE), step -> {});
        assertThat(announced()).containsExactly(2L, 4L, 5L);
        assertThat(folders()).containsExactly("00000001", "00000002", "00000003", "00000004", "00000005");
        assertThat(journal.decisions)
                .filteredOn(decision -> decision.getAction().equals("retire"))
                .extracting(PublishingDecision::getVersion)
                .containsExactly(1L, 3L);

        tidy(Candidates.NOW.plus(GRACE).plus(GRACE), step -> {});
        assertThat(folders()).containsExactly("00000002", "00000004", "00000005");
        assertThat(announced()).containsExactly(2L, 4L, 5L);
    }

    @Test
    @DisplayName("Numbers go on after versions were deleted")
    void numbering() throws IOException {
        tidy(Candidates.NOW, step -> {});
        journal.announce(store.candidate(60).write());

        live(Candidates.NOW, step -> {});

        assertThat(announced()).containsExactly(2L, 4L, 5L, 6L);
    }

    @ParameterizedTest(name = "killed at boundary {0}")
    @ValueSource(ints = {0, 1, 2, 3})
    void killed(int boundary) throws IOException {
        int[] left = {boundary};
        PublishingStep.Observer crash = step -> {
            if (left[0]-- == 0) {
                throw new IllegalStateException("killed at " + step);
            }
        };
        for (Duration late : List.of(Duration.ZERO, GRACE, GRACE.multipliedBy(2), GRACE.multipliedBy(3))) {
            try {
                tidy(Candidates.NOW.plus(late), crash);
            } catch (IllegalStateException e) {
                assertThat(e).hasMessageStartingWith("killed at ");
            }
            for (CheckpointVersion version : journal.versions) {
                assertThat(store.layout.version(MODEL, version.getVersion()).resolve("manifest.json"))
                        .exists();
            }
        }
        assertThat(left[0]).as("the boundary was reached").isNegative();
        assertThat(announced()).containsExactly(2L, 4L, 5L);
        assertThat(folders()).containsExactly("00000002", "00000004", "00000005");
    }

    private void tidy(Instant now, PublishingStep.Observer steps) throws IOException {
        try (Journal session = journal.session(steps)) {
            publisher(session, now, steps).tidy();
        }
    }

    private void live(Instant now, PublishingStep.Observer steps) throws IOException {
        try (Journal session = journal.session(steps)) {
            Publisher publisher = publisher(session, now, steps);
            for (Journal.Delivery delivery : session.poll(Duration.ZERO)) {
                publisher.decide(delivery);
            }
        }
    }

    private Publisher publisher(Journal session, Instant now, PublishingStep.Observer steps) throws IOException {
        return new Publisher(
                session,
                store.layout,
                Optional.of(KEY),
                new HeldOutRatioGate(1.1, false),
                SecondOpinion.NONE,
                RETENTION,
                Clock.fixed(now, ZoneOffset.UTC),
                steps);
    }

    private List<Long> announced() {
        return journal.versions.stream().map(CheckpointVersion::getVersion).toList();
    }

    private List<String> folders() throws IOException {
        try (Stream<Path> children = Files.list(store.layout.versions(MODEL))) {
            return children.map(child -> String.valueOf(child.getFileName()))
                    .sorted()
                    .toList();
        }
    }
}
