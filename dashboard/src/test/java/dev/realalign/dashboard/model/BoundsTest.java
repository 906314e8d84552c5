package dev.realalign.dashboard.model;

import static dev.realalign.dashboard.model.Records.START;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.realalign.runtime.LagStatus;
import dev.realalign.schemas.PreferenceTriple;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Whatever is fed, what is held and sent stays small; what strangers wrote stays text. */
class BoundsTest {
    private static JsonNode json(StreamState state, Section section) throws IOException {
        return new ObjectMapper().readTree(state.json(section, START));
    }

    @Test
    void aHostileCaptionStaysTextAndIsCutToALengthThatCanBeShown() throws IOException {
        String hostile = "<script>alert(1)</script> \"quoted\" \u202Eright to left\u202C \uD83D\uDC08\u2028";
        StreamState state = Records.state();
        state.take(Records.triple(hostile, 10, START), 0, 1);
        state.take(Records.triple("x".repeat(1_998) + "\uD83D\uDC08" + "y".repeat(8_000), 10, START), 0, 2);
        JsonNode cards = json(state, Section.TRIPLES);
        assertThat(cards.get(0).get("caption").asText()).isEqualTo(hostile);
        assertThat(cards.get(1).get("caption").asText()).isEqualTo("x".repeat(1_998) + "…");
        assertThat(state.json(Section.TRIPLES, START)).doesNotContain("\n");
    }

    @Test
    void onlyTheNewestTriplesAreKeptAndNoMoreBytesThanAllowed() throws IOException {
        StreamState state = Records.state();
        for (int offset = 0; offset < 100; offset++) {
            state.take(Records.triple("a", 100, START.plusSeconds(offset)), 0, offset);
        }
        assertThat(json(state, Section.TRIPLES)).hasSize(NewestTriples.TRIPLES);
        assertThat(json(state, Section.TRIPLES).get(0).get("key").asText()).isEqualTo("0-99");
        assertThat(state.triplePicture("0-99", "real"))
                .hasValueSatisfying(bytes -> assertThat(bytes).hasSize(100));
        assertThat(state.triplePicture("0-99", "mask")).isEmpty();
        assertThat(state.triplePicture("0-0", "real")).isEmpty();

        for (int offset = 100; offset < 110; offset++) {
            state.take(Records.triple("large", 200_000, START.plusSeconds(offset)), 0, offset);
        }
        assertThat(state.tripleBytes()).isLessThanOrEqualTo(1_000_000);
        assertThat(json(state, Section.TRIPLES)).hasSize(2);
    }

    @Test
    void aMaskIsAThirdPictureAndScoresAreShown() throws IOException {
        StreamState state = Records.state();
        state.take(
                PreferenceTriple.newBuilder(Records.triple("a", 10, START))
                        .setMask(ByteBuffer.wrap(new byte[] {7}))
                        .setScores(Map.of("PICKSCORE_REAL", 0.8))
                        .setFallback("DEADLINE")
                        .build(),
                0,
                1);
        JsonNode card = json(state, Section.TRIPLES).get(0);
        assertThat(card.get("pictures").toString()).isEqualTo("[\"real\",\"negative\",\"mask\"]");
        assertThat(card.get("scores").toString()).isEqualTo("{\"PICKSCORE_REAL\":0.8}");
        assertThat(card.get("fallback").asText()).isEqualTo("DEADLINE");
        assertThat(state.triplePicture("0-1", "mask")).contains(new byte[] {7});
    }

    @Test
    void aGeneratedNegativeNamesWhoMadeIt() throws IOException {
        StreamState state = Records.state();
        PreferenceTriple triple = PreferenceTriple.newBuilder(Records.triple("a", 10, START))
                .setKind("SALIENCY_INPAINTING")
                .setGeneratorModel("tiny")
                .build();
        state.take(Records.triple("a", 10, START.plusSeconds(2)), 0, 1);
        state.take(
                PreferenceTriple.newBuilder(triple)
                        .setGeneratorVersion(3L)
                        .setAcceptedAt(START.plusSeconds(1))
                        .build(),
                0,
                2);
        state.take(triple, 0, 3);
        JsonNode cards = json(state, Section.TRIPLES);
        assertThat(cards.get(0).get("generator").isNull()).isTrue();
        assertThat(cards.get(0).get("fallback").isNull()).isTrue();
        assertThat(cards.get(1).get("generator").asText()).isEqualTo("version 3");
        assertThat(cards.get(1).get("kind").asText()).isEqualTo("SALIENCY_INPAINTING");
        assertThat(cards.get(2).get("generator").asText()).isEqualTo("the base model tiny");
    }

    @Test
    void theSameTripleTwiceIsOneCard() throws IOException {
        StreamState state = Records.state();
        state.take(Records.triple("a", 10, START), 0, 1);
        state.take(Records.triple("a", 10, START), 0, 1);
        assertThat(json(state, Section.TRIPLES)).hasSize(1);
    }

    @Test
    void rejectionsAreCountedByReasonWithTheNewestExamples() throws IOException {
        StreamState state = Records.state();
        for (int offset = 0; offset < 10; offset++) {
            state.take(Records.rejection("DUPLICATE", offset, START));
        }
        state.take(Records.rejection("PIXEL_BOMB", 10, START));
        JsonNode funnel = json(state, Section.REJECTIONS);
        assertThat(funnel.get("read").asLong()).isEqualTo(11);
        assertThat(funnel.get("complete").asBoolean()).isTrue();
        assertThat(funnel.get("reasons").get(0).get("reason").asText()).isEqualTo("DUPLICATE");
        assertThat(funnel.get("reasons").get(0).get("count").asLong()).isEqualTo(10);
        assertThat(funnel.get("reasons").get(0).get("examples")).hasSize(RejectionTally.EXAMPLES);
        assertThat(funnel.get("reasons")
                        .get(0)
                        .get("examples")
                        .get(0)
                        .get("picture")
                        .asText())
                .isEqualTo("0-9");
    }

    @Test
    void inventedReasonsDoNotGrowWithoutEnd() throws IOException {
        StreamState state = Records.state();
        for (int i = 0; i < 1_000; i++) {
            state.take(Records.rejection("REASON_" + i, i, START));
        }
        assertThat(json(state, Section.REJECTIONS).get("reasons")).hasSize(RejectionTally.REASONS + 1);
    }

    /** Every second a step and a rejection, every other second a sample, every ten seconds a triple, every minute a version. */
    @Test
    void twentyFourHoursOfAStreamLeaveNoMoreThanOne() {
        StreamState state = Records.state();
        state.caughtUp();
        long afterEight = 0;
        for (int second = 0; second < 86_400; second++) {
            var now = START.plusSeconds(second);
            state.take(Records.planned(second + 1, 8, "dpo", now));
            state.take(Records.done(second + 1, true, Map.of("margin", 0.5), now));
            state.take(Records.rejection("R" + second % 100, second, now));
            if (second % 2 == 0) {
                state.sample(Records.report(now, second * 10L, 3, LagStatus.OK, Records.allPresent()));
            }
            if (second % 10 == 0) {
                state.take(Records.triple("caption", 1_000, now), 0, second);
            }
            if (second % 60 == 0) {
                long number = second / 60 + 1L;
                state.take(Records.candidate(number, now));
                state.take(Records.version(number, number, now));
                state.take(Records.decision(number, number, "published", now));
                state.take(Records.status("subscriber " + number, number, "", now));
            }
            if (second == 8 * 3_600) {
                afterEight = size(state, second);
            }
        }
        assertThat((double) size(state, 86_400)).isBetween(afterEight * 0.9, afterEight * 1.1);
    }

    /** Length of everything that can be seen: whatever is held is in a section, or in the triples' pictures. */
    private static long size(StreamState state, int second) {
        long size = state.tripleBytes();
        for (Section section : Section.values()) {
            size += state.json(section, START.plusSeconds(second)).length();
        }
        return size;
    }
}
