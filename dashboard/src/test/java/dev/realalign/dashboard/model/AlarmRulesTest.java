package dev.realalign.dashboard.model;

import static dev.realalign.dashboard.model.Records.START;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.realalign.runtime.LagStatus;
import dev.realalign.schemas.AlarmRaised;
import dev.realalign.schemas.CheckpointAlias;
import dev.realalign.schemas.PlanEnded;
import dev.realalign.schemas.PublishingDecision;
import dev.realalign.schemas.TrainingResumed;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a person is told, and when it goes away again. */
class AlarmRulesTest {
    private final StreamState state = Records.state();

    @BeforeEach
    void everythingWorks() {
        state.caughtUp();
        state.registryAnswered(START);
        state.sample(Records.report(START, 1_000, 0, LagStatus.OK, Records.allPresent()));
    }

    private List<String> alarms(Instant now) throws IOException {
        JsonNode status = new ObjectMapper().readTree(state.json(Section.STATUS, now));
        return StreamSupport.stream(status.get("alarms").spliterator(), false)
                .map(alarm ->
                        alarm.get("level").asText() + ": " + alarm.get("title").asText() + ". "
                                + alarm.get("detail").asText())
                .toList();
    }

    private JsonNode node(String id) throws IOException {
        JsonNode flow = new ObjectMapper().readTree(state.json(Section.FLOW, START));
        return StreamSupport.stream(flow.get("nodes").spliterator(), false)
                .filter(node -> node.get("id").asText().equals(id))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void nothingIsAnAlarmWhenEverythingWorks() throws IOException {
        assertThat(alarms(START)).isEmpty();
    }

    @Test
    void aBrokerThatDoesNotAnswerIsNamedWithTheTimeItBeganAndStagesAreNotBlamedForIt() throws IOException {
        state.brokerFailed("no broker answers at broker:9092 within 4.0 s.", START.plusSeconds(5));
        state.brokerFailed("no broker answers at broker:9092 within 4.0 s.", START.plusSeconds(9));
        assertThat(alarms(START.plusSeconds(9)))
                .containsExactly("BAD: The broker does not answer. no broker answers at broker:9092 within 4.0 s.");
        JsonNode status = new ObjectMapper().readTree(state.json(Section.STATUS, START));
        assertThat(status.get("broker").get("since").asLong())
                .isEqualTo(START.plusSeconds(5).toEpochMilli());
        assertThat(node("curator").get("mood").asText()).isEqualTo("UNKNOWN");

        state.sample(Records.report(START.plusSeconds(20), 1_000, 0, LagStatus.OK, Records.allPresent()));
        assertThat(alarms(START.plusSeconds(20))).isEmpty();
    }

    @Test
    void aRegistryThatDoesNotAnswerIsNamed() throws IOException {
        state.registryFailed("No schema registry answers at http://registry (Connection refused).", START);
        assertThat(alarms(START))
                .containsExactly(
                        "BAD: The schema registry does not answer. No schema registry answers at http://registry (Connection refused).");
        state.registryAnswered(START.plusSeconds(1));
        assertThat(alarms(START)).isEmpty();
    }

    @Test
    void aRoleThatIsGoneIsNamedAndThenForgotten() throws IOException {
        state.sample(Records.report(
                START.plusSeconds(2),
                1_000,
                12,
                LagStatus.OK,
                Map.of("realalign-curator", 1, "realalign-trainer-tiny", 0)));
        assertThat(alarms(START)).containsExactly("BAD: The trainer is not running. 12 triples wait for it.");
        assertThat(node("trainer").get("doing").asText()).isEqualTo("not running");
        assertThat(node("trainer").get("mood").asText()).isEqualTo("BAD");
        state.sample(Records.report(START.plusSeconds(4), 1_000, 12, LagStatus.OK, Records.allPresent()));
        assertThat(alarms(START)).isEmpty();
        assertThat(node("trainer").get("mood").asText()).isEqualTo("GOOD");
    }

    @Test
    void aPublisherIsNotSaidToBeMissingSinceItJoinsNoGroupButThatItStopped() throws IOException {
        state.sample(Records.report(START.plusSeconds(2), 1_000, 2, LagStatus.STOPPED, Records.allPresent()));
        assertThat(alarms(START))
                .contains(
                        "BAD: The publisher has stopped. 2 candidates wait, nobody reads them and nothing is committed any more.");
    }

    @Test
    void aTrainerWhosePlanIsOverDoesNotStandStill() throws IOException {
        state.sample(Records.report(START.plusSeconds(2), 1_000, 12, LagStatus.STALLED, Records.allPresent()));
        assertThat(alarms(START)).contains("BAD: The trainer stands still. 12 triples wait and it commits nothing.");

        state.take(Records.entry(START, new PlanEnded(64L, "64 steps of 64")));
        assertThat(alarms(START))
                .filteredOn(alarm -> alarm.contains("rain"))
                .containsExactly(
                        "INFO: The training plan is over. After step 64: 64 steps of 64. What still comes stays in the topic.");
        assertThat(node("trainer").get("doing").asText()).isEqualTo("its plan is over");
        assertThat(node("trainer").get("mood").asText()).isEqualTo("GOOD");
    }

    @Test
    void trainingThatRestsAfterAnAlarmSaysWhyUntilItIsResumed() throws IOException {
        state.sample(Records.report(START.plusSeconds(2), 1_000, 12, LagStatus.STALLED, Records.allPresent()));
        state.take(Records.entry(START, new AlarmRaised(8L, "NOT_FINITE", "3 of 4 steps were not finite", true)));
        assertThat(alarms(START))
                .filteredOn(alarm -> alarm.contains("rain"))
                .containsExactly(
                        "BAD: Training rests after an alarm. At step 8, NOT_FINITE: 3 of 4 steps were not finite. It went back to the last good weights.");
        assertThat(node("trainer").get("doing").asText()).isEqualTo("rests after an alarm");
        assertThat(node("trainer").get("mood").asText()).isEqualTo("BAD");

        state.take(Records.entry(START, new TrainingResumed(8L, "train-1")));
        assertThat(alarms(START)).contains("BAD: The trainer stands still. 12 triples wait and it commits nothing.");
    }

    @Test
    void aRoleThatIsTooSlowFallsBehind() throws IOException {
        state.sample(Records.report(START.plusSeconds(2), 1_000, 12, LagStatus.WARNING, Records.allPresent()));
        assertThat(alarms(START))
                .contains(
                        "WARN: The trainer falls behind. 12 triples wait, the oldest for 40 s, and its lag has not fallen for a minute.");
    }

    @Test
    void aRefusedCandidateIsShownWithItsReasonAndThreeInARowAreBad() throws IOException {
        state.take(Records.decision(16, 1L, "published", START));
        state.take(
                Records.decision(32, null, "its error on held-out real images is 1.2000 times the reference's", START));
        assertThat(alarms(START))
                .containsExactly(
                        "WARN: The newest candidate was refused. step-32: its error on held-out real images is 1.2000 times the reference's");
        state.take(Records.decision(48, null, "worse", START));
        state.take(Records.decision(64, null, "worse still", START));
        assertThat(alarms(START)).containsExactly("BAD: The newest 3 candidates were refused. step-64: worse still");
        state.take(Records.decision(80, 2L, "published", START));
        assertThat(alarms(START)).isEmpty();
        JsonNode versions = new ObjectMapper().readTree(state.json(Section.VERSIONS, START));
        assertThat(versions.get("refused")).hasSize(3);
        assertThat(versions.get("refused").get(0).get("reason").asText()).isEqualTo("worse still");
    }

    @Test
    void aHeldAliasIsGoodToKnow() throws IOException {
        state.take(CheckpointAlias.newBuilder()
                .setModel(Records.MODEL)
                .setAlias("latest")
                .setVersion(3)
                .setDigest("ab")
                .setLocation("file:///x")
                .setSequence(4)
                .setHeld(true)
                .setActor("ann")
                .setReason("version 4 is blurred")
                .setMovedAt(START)
                .build());
        assertThat(alarms(START)).containsExactly("INFO: Alias latest is held at version 3. ann: version 4 is blurred");
    }

    @Test
    void aSubscriberInTroubleAndASilentOneAreNamed() throws IOException {
        state.take(Records.status("gpu-1", 3L, "the signature of version 4 does not fit", START));
        state.take(Records.status("gpu-2", 4L, "", START.minusSeconds(301)));
        assertThat(alarms(START))
                .containsExactly(
                        "WARN: Subscriber gpu-1 cannot switch. the signature of version 4 does not fit",
                        "INFO: Subscriber gpu-2 is silent. It has not reported for more than 5 minutes.");
    }

    @Test
    void stepsThatChangeNothingAreBad() throws IOException {
        state.take(Records.done(1, false, Map.of(), START));
        assertThat(alarms(START))
                .containsExactly(
                        "BAD: Training steps are thrown away. 1 of the newest 50 steps had a loss or gradient that is not finite.");
    }

    @Test
    void mostPicturesRejectedIsAnAlarmThatNamesTheReason() throws IOException {
        for (int i = 0; i < 600; i++) {
            state.take(Records.rejection(i < 400 ? "BLUR" : "DUPLICATE", i, START));
        }
        assertThat(alarms(START))
                .containsExactly(
                        "WARN: Most pictures are rejected. 60 % of the judged pictures, most of them (400) as BLUR.");
    }

    @Test
    void recordsOfOtherModelLinesAreNotShown() throws IOException {
        state.take(PublishingDecision.newBuilder(Records.decision(32, null, "worse", START))
                .setModel("another")
                .build());
        assertThat(alarms(START)).isEmpty();
    }
}
