package dev.realalign.publisher;

import static dev.realalign.publisher.Candidates.MODEL;
import static dev.realalign.publisher.Candidates.NOW;
import static dev.realalign.publisher.Candidates.candidate;
import static dev.realalign.publisher.Candidates.digest;
import static dev.realalign.publisher.Commands.command;
import static org.assertj.core.api.Assertions.assertThat;

import dev.realalign.schemas.CheckpointAlias;
import dev.realalign.schemas.CheckpointCommand;
import dev.realalign.schemas.PublishingDecision;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CommandRulesTest {
    private static final String AGAIN = ": look again and repeat the command if it still makes sense";

    private final LineState line = new LineState(MODEL);
    private boolean candidatesKept = true;

    @BeforeEach
    void threeVersions() {
        publish("c1");
        publish("c2");
        publish("c3");
    }

    @Test
    @DisplayName("Of two promotions that saw the same alias, one wins and the other is told who was faster")
    void concurrentPromotions() {
        ask(command("promote", "champion", 1L, null));
        CheckpointCommand first = command("promote", "champion", 2L, version(1));
        CheckpointCommand second = command("promote", "champion", 3L, version(1));

        PublishingDecision won = ask(first);
        PublishingDecision lost = ask(second);

        assertThat(won.getAccepted()).isTrue();
        assertThat(won.getReason()).isEqualTo("champion moved from version 1 to version 2: because");
        assertThat(won.getActor()).isEqualTo("somebody");
        assertThat(won.getAction()).isEqualTo("promote");
        assertThat(won.getCommand()).isEqualTo(first.getId());
        assertThat(lost.getAccepted()).isFalse();
        assertThat(lost.getCommand()).isEqualTo(second.getId());
        assertThat(lost.getReason())
                .isEqualTo("champion points to version 2 (digest " + version(2)
                        + ", moved by somebody: because) by now, not to digest " + version(1) + " as expected" + AGAIN);
        assertThat(alias("champion").getVersion()).isEqualTo(2);
        assertThat(alias("champion").getSequence()).isEqualTo(2);
    }

    @Test
    @DisplayName(
            "After a rollback three later versions are numbered but do not move the alias; release moves it to the newest")
    void rollbackHolds() {
        PublishingDecision back = ask(command("rollback", "latest", 1L, version(3)));

        assertThat(back.getReason())
                .isEqualTo("latest moved from version 3 to version 1, held there until it is released: because");
        for (String name : List.of("c4", "c5", "c6")) {
            assertThat(publish(name)).isEqualTo("published; latest is held at version 1 and does not move");
        }
        assertThat(alias("latest").getVersion()).isEqualTo(1);
        assertThat(alias("latest").getSequence()).isEqualTo(4);

        PublishingDecision released = ask(command("release", "latest", null, version(1)));

        assertThat(released.getReason()).isEqualTo("latest moved from version 1 to version 6, no longer held: because");
        assertThat(released.getVersion()).isEqualTo(6);
        assertThat(alias("latest").getHeld()).isFalse();
        assertThat(publish("c7")).isEqualTo("published");
        assertThat(alias("latest").getVersion()).isEqualTo(7);
        assertThat(line.contradictions()).isEmpty();
    }

    @Test
    @DisplayName(
            "A pin holds an alias at any version; released, an alias other than latest stays there and can be promoted")
    void pin() {
        ask(command("pin", "canary", 2L, null));

        assertThat(ask(command("promote", "canary", 3L, version(2))).getReason())
                .isEqualTo("canary is held at version 2 by somebody (because): release it first");
        assertThat(ask(command("release", "canary", null, version(2))).getReason())
                .isEqualTo("canary moved from version 2 to version 2, no longer held: because");
        CheckpointCommand again = CheckpointCommand.newBuilder(command("promote", "canary", 3L, version(2)))
                .setId("asked again after the release")
                .build();
        assertThat(ask(again).getAccepted()).isTrue();
        assertThat(ask(command("pin", "latest", 2L, version(3))).getAccepted()).isTrue();
        assertThat(alias("latest").getHeld()).isTrue();
    }

    @Test
    @DisplayName("A rollback of training names the candidate to go on from, and is refused when that is gone")
    void rollbackOfTraining() {
        CheckpointCommand command = CheckpointCommand.newBuilder(command("rollback", "latest", 2L, version(3)))
                .setRewindTraining(true)
                .build();
        candidatesKept = false;
        Announcement refused = CommandRules.answer(line, command, version -> candidatesKept, NOW);
        assertThat(refused.alias()).isEmpty();
        assertThat(refused.decision().orElseThrow().getReason())
                .isEqualTo("training cannot go on from version 2: its candidate c2 is no longer in the store; roll back"
                        + " without training, or to a version whose candidate is kept");
        candidatesKept = true;

        PublishingDecision decision = ask(command);

        assertThat(decision.getRewindTraining()).isTrue();
        assertThat(decision.getVersion()).isEqualTo(2);
        assertThat(decision.getCandidate()).isEqualTo("c2");
        assertThat(decision.getCandidateDigest()).isEqualTo(digest("c2"));
        assertThat(decision.getReason())
                .isEqualTo("latest moved from version 3 to version 2, held there until it is released; training goes on"
                        + " from its candidate: because");
        assertThat(line.candidatesToPrune(1, java.util.Set.of()))
                .as("the trainer may still have to load it")
                .containsOnlyKeys("c1");
    }

    @Test
    @DisplayName("A command that comes twice is answered once")
    void repeated() {
        CheckpointCommand command = command("promote", "canary", 1L, null);
        ask(command);

        assertThat(CommandRules.answer(line, command, version -> true, NOW)).isEqualTo(Announcement.NOTHING);
    }

    @Test
    @DisplayName("A version that retention deleted cannot be pointed to")
    void retired() {
        line.replay(PublishingRules.retire(line.version(1).orElseThrow(), "old", NOW));

        assertThat(ask(command("pin", "canary", 1L, null)).getReason())
                .isEqualTo("version 1 was deleted: see its decision in publishing-log");
        assertThat(line.nextVersion()).isEqualTo(4);
        assertThat(line.contradictions()).isEmpty();
    }

    @ParameterizedTest(name = "{0} {1} {2}")
    @CsvSource({
        "destroy, canary, 1, 'there is no action \"destroy\": promote, rollback, release, pin are'",
        "promote, newest, 1, 'there is no alias \"newest\": latest, canary, champion are'",
        "promote, canary, , 'promote needs a version'",
        "promote, canary, 9, 'version 9 was never published; the newest is 3'",
        "rollback, canary, 1, 'rolling back moves to an earlier version, and canary points nowhere'",
        "release, canary, 1, 'a release names no version'",
        "release, canary, , 'canary is not held: there is nothing to release'"
    })
    void refusals(String action, String alias, Long version, String reason) {
        PublishingDecision decision = ask(command(action, alias, version, null));

        assertThat(decision.getAccepted()).isFalse();
        assertThat(decision.getReason()).isEqualTo(reason);
    }

    @Test
    @DisplayName("Promoting goes forward, rolling back goes back, and latest promotes itself")
    void directions() {
        ask(command("promote", "canary", 2L, null));

        assertThat(ask(command("promote", "canary", 1L, version(2))).getReason())
                .isEqualTo("promoting moves forward, and canary points to version 2 already: roll back, or pin");
        assertThat(ask(command("rollback", "canary", 3L, version(2))).getReason())
                .isEqualTo("rolling back moves to an earlier version, and canary points to version 2");
        assertThat(ask(command("promote", "latest", 3L, version(3))).getReason())
                .isEqualTo(
                        "latest follows every published version by itself: promote canary or champion, or pin latest");
        assertThat(ask(command("promote", "champion", 3L, version(2))).getReason())
                .isEqualTo("champion does not exist by now, not to digest " + version(2) + " as expected" + AGAIN);
    }

    @Test
    @DisplayName("Actor and reason are required, and only a rollback takes training back")
    void sense() {
        CheckpointCommand command = command("pin", "canary", 1L, null);
        assertThat(ask(CheckpointCommand.newBuilder(command)
                                .setId("a")
                                .setActor(" ")
                                .build())
                        .getReason())
                .isEqualTo("a command names who asks, this one does not");
        assertThat(ask(CheckpointCommand.newBuilder(command)
                                .setId("b")
                                .setReason("")
                                .build())
                        .getReason())
                .isEqualTo("a command says why, this one does not");
        assertThat(ask(CheckpointCommand.newBuilder(command)
                                .setId("c")
                                .setRewindTraining(true)
                                .build())
                        .getReason())
                .isEqualTo("only a rollback can take training back, not pin");
        assertThat(line.alias("canary")).isEmpty();
    }

    private PublishingDecision ask(CheckpointCommand command) {
        Announcement answer = CommandRules.answer(line, command, version -> candidatesKept, NOW);
        line.replay(answer);
        return answer.decision().orElseThrow();
    }

    private String publish(String name) {
        Announcement announcement = PublishingRules.publish(
                line,
                candidate(name, 10 * line.nextVersion()),
                version(line.nextVersion()),
                "file:///v",
                List.of(),
                NOW);
        line.replay(announcement);
        return announcement.decision().orElseThrow().getReason();
    }

    private static String version(long number) {
        return digest("version " + number);
    }

    private CheckpointAlias alias(String name) {
        return line.alias(name).orElseThrow();
    }
}
