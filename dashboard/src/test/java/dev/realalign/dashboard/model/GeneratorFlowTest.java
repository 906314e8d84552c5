package dev.realalign.dashboard.model;

import static dev.realalign.dashboard.model.Records.START;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.realalign.runtime.LagStatus;
import java.io.IOException;
import java.util.Map;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The generators in the flow: two arrows to and from the curator, or nothing that anybody uses. */
class GeneratorFlowTest {
    private static final Map<String, Integer> NO_GENERATOR =
            Map.of("realalign-curator", 1, "realalign-trainer-tiny", 1);

    private final StreamState state = Records.state();

    @BeforeEach
    void everythingElseWorks() {
        state.registryAnswered(START);
        state.caughtUp();
    }

    private void sample(int second, long waiting, Map<String, Integer> members) {
        state.sample(Records.report(START.plusSeconds(second), 1_000, waiting, LagStatus.OK, members));
    }

    private void ask(int requests) {
        for (int i = 0; i < requests; i++) {
            state.take(Records.request(START));
        }
    }

    private JsonNode flow() throws IOException {
        return new ObjectMapper().readTree(state.json(Section.FLOW, START));
    }

    private static JsonNode find(JsonNode list, String field, String value) {
        return StreamSupport.stream(list.spliterator(), false)
                .filter(one -> one.get(field).asText().equals(value))
                .findFirst()
                .orElseThrow();
    }

    private String node() throws IOException {
        JsonNode node = find(flow().get("nodes"), "id", "generator");
        return node.get("mood").asText() + ": " + node.get("doing").asText();
    }

    private JsonNode edge(String what) throws IOException {
        return find(flow().get("edges"), "what", what);
    }

    private JsonNode alarms() throws IOException {
        return new ObjectMapper().readTree(state.json(Section.STATUS, START)).get("alarms");
    }

    @Test
    void nobodyUsesItWhileNothingWasEverAskedAndItsAbsenceIsNoAlarm() throws IOException {
        sample(0, 0, NO_GENERATOR);
        assertThat(node()).isEqualTo("UNUSED: not in use");
        for (String what : new String[] {"requests", "answers"}) {
            assertThat(edge(what).get("mood").asText()).isEqualTo("UNUSED");
            assertThat(edge(what).get("perSecond").isNull()).isTrue();
            assertThat(edge(what).get("waiting").isNull()).isTrue();
        }
        assertThat(alarms()).isEmpty();
    }

    @Test
    void beforeTheTopicWasReadItIsNotSaidToBeUnused() throws IOException {
        StreamState fresh = Records.state();
        fresh.sample(Records.report(START, 1_000, 0, LagStatus.OK, Records.allPresent()));
        JsonNode nodes =
                new ObjectMapper().readTree(fresh.json(Section.FLOW, START)).get("nodes");
        assertThat(find(nodes, "id", "generator").get("mood").asText()).isEqualTo("GOOD");
    }

    @Test
    void requestsAndAnswersPassBetweenItAndTheCurator() throws IOException {
        ask(6);
        sample(0, 6, Records.allPresent());
        ask(20);
        sample(10, 16, Records.allPresent());
        assertThat(node()).isEqualTo("GOOD: answers requests");
        assertThat(edge("requests").get("from").asText()).isEqualTo("curator");
        assertThat(edge("requests").get("to").asText()).isEqualTo("generator");
        assertThat(edge("requests").get("perSecond").asDouble()).isEqualTo(2.0);
        assertThat(edge("requests").get("waiting").asLong()).isEqualTo(16);
        assertThat(edge("answers").get("from").asText()).isEqualTo("generator");
        assertThat(edge("answers").get("perSecond").asDouble()).isEqualTo(1.0);
        assertThat(edge("answers").get("waiting").isNull()).isTrue();
    }

    @Test
    void aBacklogThatIsMeasuredBeforeItsRequestsAreReadTakesNoAnswerBack() throws IOException {
        ask(10);
        sample(0, 0, Records.allPresent());
        sample(10, 5, Records.allPresent());
        assertThat(edge("answers").get("perSecond").asDouble()).isEqualTo(0.0);
        assertThat(node()).isEqualTo("GOOD: waits for requests");
    }

    @Test
    void oneThatIsGoneIsAWarningSinceTheCuratorGoesOnWithoutIt() throws IOException {
        ask(3);
        sample(0, 3, NO_GENERATOR);
        assertThat(node()).isEqualTo("WARN: not running");
        JsonNode alarm = find(alarms(), "id", "missing-generator");
        assertThat(alarm.get("level").asText()).isEqualTo("WARN");
        assertThat(alarm.get("title").asText()).isEqualTo("The generator is not running");
        assertThat(alarm.get("detail").asText()).isEqualTo("3 requests wait for it.");
        assertThat(alarm.get("remedy").asText())
                .isEqualTo(
                        "Start it: ./realalign negatives --config FILE. Without it the curator waits for its deadline"
                                + " and then makes perturbations.");
    }
}
