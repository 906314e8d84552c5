package dev.realalign.curator.pair;

import static org.assertj.core.api.Assertions.assertThat;

import dev.realalign.curator.gate.Findings;
import dev.realalign.curator.gate.GateMode;
import dev.realalign.curator.gate.GateModes;
import dev.realalign.curator.gate.Measure;
import dev.realalign.curator.gate.Reason;
import dev.realalign.curator.gate.Rejection;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PairFilterTest {
    private static final PairLimits LIMITS = new PairLimits(0.02, 0.1, 0.6, 0.5, 10);
    private static final PairFilter FILTER = new PairFilter(LIMITS);

    @ParameterizedTest(name = "a real of {0} and a negative of {1}: {2}")
    @CsvSource({
        "22.1, 21.5, ''",
        "22.1, 21.6, 'the PickScore of the picture is 0.8500, that of the negative 0.8308 (both over 26): the gap of 0.0192 must be above 0.02'",
        "20, 20, 'the PickScore of the picture is 0.7692, that of the negative 0.7692 (both over 26): the gap of 0.0000 must be above 0.02'",
        "20, 26, 'the PickScore of the picture is 0.7692, that of the negative 1.0000 (both over 26): the gap of -0.2308 must be above 0.02'",
    })
    void where_both_are_scored_the_real_must_be_ahead_by_more_than_half_a_point(
            double real, double negative, String evidence) {
        PairFilter.Judgement judged = judge(scores(real, negative), Map.of(), 0.001);

        assertThat(judged.rejection())
                .isEqualTo(
                        evidence.isEmpty()
                                ? Optional.empty()
                                : Optional.of(new Rejection(Reason.GAP_TOO_SMALL, evidence)));
        assertThat(judged.gap())
                .contains(new Gap(
                        "PICKSCORE",
                        real / 26 - negative / 26,
                        0.02,
                        OptionalDouble.empty(),
                        Optional.empty(),
                        "above 0.02"));
    }

    @ParameterizedTest(name = "a distance of {0}: {1}")
    @CsvSource({
        "0.1, , ",
        "0.6, , ",
        "0.0999, GAP_TOO_SMALL, 'the perceptual distance of the pair is 0.0999, at least 0.1 is needed'",
        "0.6001, GAP_TOO_LARGE, 'the perceptual distance of the pair is 0.6001, at most 0.6 is allowed'",
    })
    void without_scores_a_pair_must_be_different_enough_and_not_too_different(
            double distance, Reason reason, String evidence) {
        PairFilter.Judgement judged = judge(Map.of(), Map.of(Reason.GAP_TOO_LARGE, GateMode.ON), distance);

        assertThat(judged.rejection())
                .isEqualTo(reason == null ? Optional.empty() : Optional.of(new Rejection(reason, evidence)));
        assertThat(judged.gap())
                .contains(new Gap(
                        "PERCEPTUAL_DISTANCE",
                        distance,
                        0.1,
                        OptionalDouble.of(0.6),
                        Optional.empty(),
                        "from 0.1 to 0.6"));
    }

    @Test
    void one_score_alone_is_no_gap_and_a_pair_without_any_measure_passes() {
        assertThat(judge(Map.of(PairFilter.PICKSCORE_REAL, 22.0 / 26), Map.of(), 0.3)
                        .gap()
                        .orElseThrow()
                        .measure())
                .isEqualTo("PERCEPTUAL_DISTANCE");
        assertThat(FILTER.judge(Map.of(), new Findings(GateModes.DEFAULTS), new WindowsInMemory()))
                .isEqualTo(new PairFilter.Judgement(Optional.empty(), Optional.empty()));
    }

    @Test
    void by_default_too_large_a_gap_is_only_noted_and_nothing_is_ranked() {
        Findings findings = findings(Map.of(), 0.9);
        PairFilter.Judgement judged = FILTER.judge(Map.of(), findings, new WindowsInMemory());

        assertThat(judged.rejection()).isEmpty();
        assertThat(judged.gap().orElseThrow().ranking()).isEmpty();
        assertThat(findings.shadow())
                .containsExactly(new Rejection(
                        Reason.GAP_TOO_LARGE, "the perceptual distance of the pair is 0.9000, at most 0.6 is allowed"));
    }

    @Test
    void a_filter_that_is_off_measures_nothing() {
        Map<Reason, GateMode> off = new EnumMap<>(Reason.class);
        List.of(Reason.GAP_TOO_SMALL, Reason.GAP_TOO_LARGE, Reason.NOT_IN_TOP)
                .forEach(gate -> off.put(gate, GateMode.OFF));

        assertThat(judge(scores(20, 26), off, 0))
                .isEqualTo(new PairFilter.Judgement(Optional.empty(), Optional.empty()));
    }

    @Test
    void the_best_half_of_the_last_ten_is_the_one_a_sorted_copy_of_them_says() {
        Random random = new Random(5);
        WindowsInMemory windows = new WindowsInMemory();
        double[] values = random.doubles(200, 0.1, 0.6).toArray();
        int passed = 0;
        for (int i = 0; i < values.length; i++) {
            Findings findings = findings(Map.of(Reason.NOT_IN_TOP, GateMode.ON), values[i]);
            PairFilter.Judgement judged = FILTER.judge(Map.of(), findings, windows);

            double[] last = Arrays.copyOfRange(values, Math.max(0, i - 10), i);
            Arrays.sort(last);
            OptionalDouble least =
                    i == 0 ? OptionalDouble.empty() : OptionalDouble.of(last[last.length - (last.length + 1) / 2]);
            assertThat(judged.gap().orElseThrow().ranking())
                    .contains(new Gap.Ranking("PERCEPTUAL_DISTANCE", values[i], least, last.length));
            assertThat(judged.rejection().isEmpty()).isEqualTo(i == 0 || values[i] >= least.getAsDouble());
            passed += judged.rejection().isEmpty() ? 1 : 0;
        }
        assertThat(passed).isBetween(75, 107);
    }

    @Test
    void scored_pairs_are_ranked_by_the_score_of_the_real_apart_from_the_others() {
        Map<Reason, GateMode> on = Map.of(Reason.NOT_IN_TOP, GateMode.ON);
        WindowsInMemory windows = new WindowsInMemory();
        FILTER.judge(scores(23.4, 20), findings(on, 0.3), windows);
        FILTER.judge(Map.of(), findings(on, 0.5), windows);

        PairFilter.Judgement judged = FILTER.judge(scores(22.1, 20), findings(on, 0.3), windows);

        assertThat(judged.rejection())
                .contains(new Rejection(
                        Reason.NOT_IN_TOP,
                        "PICKSCORE_REAL is 0.8500; the best 0.5 of the last 1 pairs of the partition begin at 0.9000"));
        assertThat(judged.gap().orElseThrow().rule())
                .isEqualTo("above 0.02; PICKSCORE_REAL among the best 0.5 of the last 10 pairs of its partition");
        assertThat(windows.last(PairFilter.PICKSCORE_REAL, 10)).containsExactly(23.4 / 26, 22.1 / 26);
        assertThat(windows.last("PERCEPTUAL_DISTANCE", 10)).containsExactly(0.5);
    }

    @Test
    void a_pair_out_of_bounds_is_not_ranked_and_one_in_shadow_moves_the_window_as_it_would() {
        WindowsInMemory windows = new WindowsInMemory();
        Findings shadow = findings(Map.of(Reason.NOT_IN_TOP, GateMode.SHADOW), 0.3);
        FILTER.judge(Map.of(), findings(Map.of(Reason.NOT_IN_TOP, GateMode.SHADOW), 0.05), windows);
        FILTER.judge(Map.of(), findings(Map.of(Reason.NOT_IN_TOP, GateMode.SHADOW), 0.4), windows);

        assertThat(FILTER.judge(Map.of(), shadow, windows).rejection()).isEmpty();
        assertThat(shadow.shadow()).extracting(Rejection::reason).containsExactly(Reason.NOT_IN_TOP);
        assertThat(windows.last("PERCEPTUAL_DISTANCE", 10)).containsExactly(0.4, 0.3);
    }

    private static PairFilter.Judgement judge(
            Map<String, Double> scores, Map<Reason, GateMode> modes, double distance) {
        return FILTER.judge(scores, findings(modes, distance), new WindowsInMemory());
    }

    private static Findings findings(Map<Reason, GateMode> modes, double distance) {
        Findings findings = new Findings(new GateModes(modes));
        findings.measured(Measure.PERCEPTUAL_DISTANCE, distance);
        return findings;
    }

    private static Map<String, Double> scores(double real, double negative) {
        return Map.of(PairFilter.PICKSCORE_REAL, real / 26, PairFilter.PICKSCORE_NEGATIVE, negative / 26);
    }
}
