package dev.realalign.trainer.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import dev.realalign.schemas.PublishingDecision;
import dev.realalign.trainer.ledger.PublisherNews.GoodVersion;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class PublishedLineTest {
    private final PublishedLine line = new PublishedLine();

    private static PublishingDecision.Builder decision(long version) {
        return PublishingDecision.newBuilder()
                .setModel("m")
                .setCandidate("step-" + version)
                .setCandidateDigest("digest " + version)
                .setAccepted(true)
                .setVersion(version)
                .setReason("because")
                .setDecidedAt(Instant.EPOCH);
    }

    private static GoodVersion good(long version) {
        return new GoodVersion(version, "step-" + version, "digest " + version);
    }

    @Test
    void accepted_candidates_are_versions_and_good_the_last_one_most() {
        assertThat(line.newestVersion()).isZero();
        assertThat(line.accept(decision(1).build())).isEmpty();
        line.accept(decision(2).build());
        line.accept(decision(3).setAccepted(false).setVersion(null).build());
        assertThat(line.newestVersion()).isEqualTo(2);
        assertThat(line.goodVersions()).containsExactly(good(1), good(2));
    }

    @Test
    void a_rollback_of_training_asks_for_a_rewind_and_makes_its_version_the_good_one() {
        line.accept(decision(1).build());
        line.accept(decision(2).build());
        assertThat(line.accept(decision(1)
                        .setAction("rollback")
                        .setCommand("c")
                        .setActor("ann")
                        .setRewindTraining(true)
                        .build()))
                .contains(new RewindRequest("c", 1, "step-1", "digest 1", "ann", "because"));
        assertThat(line.goodVersions()).containsExactly(good(1), good(2), good(1));
        assertThat(line.newestVersion()).isEqualTo(2);
    }

    @Test
    void what_else_is_decided_about_versions_says_nothing_about_training() {
        line.accept(decision(1).build());
        for (String action : new String[] {"promote", "rollback", "pin", "release", "retire"}) {
            assertThat(line.accept(decision(7).setAction(action).setCommand("c").build()))
                    .isEmpty();
        }
        assertThat(line.goodVersions()).containsExactly(good(1));
        assertThat(line.newestVersion()).isEqualTo(1);
    }

    @Test
    void only_the_newest_are_remembered() {
        for (long version = 1; version <= PublishedLine.REMEMBERED + 5; version++) {
            line.accept(decision(version).build());
        }
        assertThat(line.goodVersions()).hasSize(PublishedLine.REMEMBERED).startsWith(good(6));
    }
}
