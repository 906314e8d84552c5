package dev.realalign.publisher;

import static dev.realalign.publisher.Candidates.MODEL;
import static dev.realalign.publisher.Candidates.NOW;
import static dev.realalign.publisher.Candidates.candidate;
import static dev.realalign.publisher.Candidates.digest;
import static org.assertj.core.api.Assertions.assertThat;

import dev.realalign.schemas.CheckpointAlias;
import dev.realalign.schemas.CheckpointCandidate;
import dev.realalign.schemas.CheckpointVersion;
import dev.realalign.schemas.OffsetRange;
import dev.realalign.schemas.PublishingDecision;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class PublishingRulesTest {
    private final LineState line = new LineState(MODEL);

    @Test
    @DisplayName("The first accepted candidate becomes version 1 without a parent, and latest points to it")
    void firstVersion() {
        Announcement first = publish(candidate("c1", 10, Map.of("preference-triples-0", 80L)));

        CheckpointVersion version = first.version().orElseThrow();
        assertThat(version.getVersion()).isEqualTo(1);
        assertThat(version.getParent()).isNull();
        assertThat(version.getDigest()).isEqualTo(digest("manifest of c1"));
        assertThat(version.getCandidateDigest()).isEqualTo(digest("c1"));
        assertThat(version.getStep()).isEqualTo(10);
        assertThat(version.getTriples()).isEqualTo(80);
        assertThat(version.getOffsets()).isEqualTo(Map.of("preference-triples-0", new OffsetRange(0L, 80L)));
        assertThat(version.getPublishedAt()).isEqualTo(NOW);
        CheckpointAlias latest = first.alias().orElseThrow();
        assertThat(latest.getAlias()).isEqualTo("latest");
        assertThat(latest.getVersion()).isEqualTo(1);
        assertThat(latest.getDigest()).isEqualTo(version.getDigest());
        assertThat(latest.getLocation()).isEqualTo(version.getLocation());
        assertThat(latest.getSequence()).isEqualTo(1);
        PublishingDecision decision = first.decision().orElseThrow();
        assertThat(decision.getAccepted()).isTrue();
        assertThat(decision.getVersion()).isEqualTo(1);
        assertThat(decision.getReason()).isEqualTo("published");
    }

    @Test
    @DisplayName("A later version names its parent, and its offsets begin where the parent's ended")
    void laterVersion() {
        publish(candidate("c1", 10, Map.of("preference-triples-0", 80L)));
        Announcement second =
                publish(candidate("c2", 20, Map.of("preference-triples-0", 100L, "preference-triples-1", 60L)));

        assertThat(second.version().orElseThrow().getParent()).isEqualTo(1);
        assertThat(second.version().orElseThrow().getOffsets())
                .isEqualTo(Map.of(
                        "preference-triples-0", new OffsetRange(80L, 100L),
                        "preference-triples-1", new OffsetRange(0L, 60L)));
        assertThat(second.alias().orElseThrow().getSequence()).isEqualTo(2);
        assertThat(line.contradictions()).isEmpty();
    }

    @Test
    @DisplayName("A held alias stays where it is while later versions are numbered")
    void heldAlias() {
        publish(candidate("c1", 10));
        CheckpointAlias held = CheckpointAlias.newBuilder(line.alias("latest").orElseThrow())
                .setHeld(true)
                .setSequence(2)
                .build();
        line.replay(held);

        for (String name : new String[] {"c2", "c3", "c4"}) {
            Announcement numbered = publish(candidate(name, 20));
            assertThat(numbered.alias()).isEmpty();
            assertThat(numbered.decision().orElseThrow().getReason())
                    .isEqualTo("published; latest is held at version 1 and does not move");
        }

        assertThat(line.newestVersion().orElseThrow().getVersion()).isEqualTo(4);
        assertThat(line.alias("latest")).contains(held);
    }

    @Test
    @DisplayName("A refusal is a decision with its reason; no number is used and no alias moves")
    void refusal() {
        publish(candidate("c1", 10));
        Announcement refusal = PublishingRules.refuse(candidate("c2", 20), "unet.x.lora_A.weight is not finite", NOW);
        line.replay(refusal);

        assertThat(refusal.version()).isEmpty();
        assertThat(refusal.alias()).isEmpty();
        PublishingDecision decision = refusal.decision().orElseThrow();
        assertThat(decision.getAccepted()).isFalse();
        assertThat(decision.getVersion()).isNull();
        assertThat(decision.getReason()).isEqualTo("unet.x.lora_A.weight is not finite");
        assertThat(line.nextVersion()).isEqualTo(2);
        assertThat(line.versionOfCandidate(digest("c2"))).isEmpty();
    }

    @Test
    @DisplayName("A published candidate that comes again is logged once as a repeat and never numbered again")
    void repeat() {
        publish(candidate("c1", 10));
        long version = line.versionOfCandidate(digest("c1")).orElseThrow();

        Announcement first = PublishingRules.skip(line, candidate("c1", 10), version, NOW);
        line.replay(first);
        Announcement second = PublishingRules.skip(line, candidate("c1", 10), version, NOW);

        assertThat(first.decision().orElseThrow().getAccepted()).isFalse();
        assertThat(first.decision().orElseThrow().getVersion()).isEqualTo(1);
        assertThat(first.decision().orElseThrow().getReason()).isEqualTo("already published as version 1");
        assertThat(second.decision()).isEmpty();
        assertThat(line.nextVersion()).isEqualTo(2);
        assertThat(line.contradictions()).isEmpty();
    }

    @Test
    @DisplayName("Records of other model lines do not count")
    void otherModels() {
        Announcement foreign = publish(candidate("c1", 10));
        LineState other = new LineState("another");
        other.replay(foreign);

        assertThat(other.nextVersion()).isEqualTo(1);
        assertThat(other.alias("latest")).isEmpty();
        assertThat(other.candidatesToPrune(0, Set.of())).isEmpty();
    }

    @Test
    @DisplayName("The decided candidates beyond the newest three may be pruned, oldest decision first")
    void pruning() {
        for (int i = 1; i <= 5; i++) {
            publish(candidate("c" + i, 10 * i));
        }
        assertThat(line.candidatesToPrune(3, Set.of()))
                .containsExactly(Map.entry("c1", digest("c1")), Map.entry("c2", digest("c2")));

        assertThat(line.candidatesToPrune(3, Set.of(1L)))
                .as("what training may be taken back to stays")
                .containsOnlyKeys("c2");

        line.replay(PublishingRules.skip(line, candidate("c1", 10), 1, NOW));
        assertThat(line.candidatesToPrune(3, Set.of()))
                .as("a repeat makes nothing newer")
                .containsOnlyKeys("c1", "c2");
        assertThat(line.candidatesToPrune(5, Set.of())).isEmpty();
    }

    @Test
    @DisplayName("Topics that contradict each other are named")
    void contradictions() {
        Announcement first = publish(candidate("c1", 10));
        LineState aliasOnly = new LineState(MODEL);
        aliasOnly.replay(first.alias().orElseThrow());
        LineState logOnly = new LineState(MODEL);
        logOnly.replay(first.decision().orElseThrow());
        LineState otherDigest = new LineState(MODEL);
        otherDigest.replay(first);
        otherDigest.replay(CheckpointAlias.newBuilder(first.alias().orElseThrow())
                .setDigest(digest("other"))
                .build());

        assertThat(aliasOnly.contradictions())
                .containsExactly("alias latest names version 1, which was never announced");
        assertThat(logOnly.contradictions())
                .containsExactly("the newest announced version is 0 but the newest accepted decision made version 1");
        assertThat(otherDigest.contradictions())
                .containsExactly("alias latest names version 1 by digest " + digest("other")
                        + ", but that version was announced with digest " + digest("manifest of c1"));
    }

    private Announcement publish(CheckpointCandidate candidate) {
        Announcement announcement = PublishingRules.publish(
                line,
                candidate,
                digest("manifest of " + candidate.getCandidate()),
                "file:///store/models/tiny/versions/" + line.nextVersion(),
                List.of(),
                NOW);
        line.replay(announcement);
        return announcement;
    }
}
