package dev.realalign.curator.negative;

import static dev.realalign.curator.negative.NegativeKind.COLOUR_CAST;
import static dev.realalign.curator.negative.NegativeKind.JPEG_ARTEFACTS;
import static dev.realalign.curator.negative.NegativeKind.LOCAL_BLUR;
import static dev.realalign.curator.negative.NegativeKind.LOCAL_NOISE;
import static dev.realalign.curator.negative.NegativeKind.LOCAL_WARP;
import static dev.realalign.curator.negative.NegativeKind.PATCH_DISPLACEMENT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class NegativeMixTest {

    @Test
    void a_mix_is_read_from_words() {
        NegativeMix mix = NegativeMix.parse(List.of("LOCAL_WARP:3", " COLOUR_CAST : 1 "));

        assertThat(mix.localShare()).isEqualTo(0.75);
        assertThat(mix).hasToString("LOCAL_WARP:3.0,COLOUR_CAST:1.0");
    }

    @Test
    void exactly_70_percent_local_is_enough() {
        assertThat(NegativeMix.parse(List.of("LOCAL_BLUR:0.7", "SENSOR_NOISE:0.3"))
                        .localShare())
                .isEqualTo(0.7);
    }

    @Test
    void less_than_70_percent_local_is_refused_with_the_remedy() {
        assertThatThrownBy(() -> NegativeMix.parse(List.of("LOCAL_BLUR:6", "SENSOR_NOISE:4")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("local kinds (PATCH_DISPLACEMENT, LOCAL_WARP, LOCAL_BLUR, LOCAL_NOISE) have 60 % of the"
                        + " perturbations' weight, at least 70 % are needed: raise them or lower the others");
    }

    @Test
    void every_unreadable_entry_is_named_at_once() {
        assertThatThrownBy(() -> NegativeMix.parse(
                        List.of("BLUR:1", "LOCAL_WARP", "LOCAL_WARP:x", "LOCAL_WARP:1", "LOCAL_WARP:2")))
                .hasMessageContaining(
                        "\"BLUR:1\" is not of the form KIND:weight with a kind out of [PATCH_DISPLACEMENT, ")
                .hasMessageContaining("\"LOCAL_WARP\" is not of the form")
                .hasMessageContaining("\"LOCAL_WARP:x\" is not of the form")
                .hasMessageContaining("LOCAL_WARP is named twice");
    }

    @Test
    void weights_that_are_no_positive_numbers_are_refused() {
        assertThatThrownBy(() -> NegativeMix.of(
                        Map.of(LOCAL_WARP, -1.0, LOCAL_BLUR, Double.NaN, LOCAL_NOISE, Double.POSITIVE_INFINITY)))
                .hasMessageContaining("the weight of LOCAL_WARP is -1.0, it must be a positive number (leave LOCAL_WARP"
                        + " out to never draw it)")
                .hasMessageContaining("the weight of LOCAL_BLUR is NaN")
                .hasMessageContaining("the weight of LOCAL_NOISE is Infinity");
        assertThatThrownBy(() -> NegativeMix.of(Map.of())).hasMessageStartingWith("it names no kind; kinds are [");
    }

    @Test
    void the_first_kind_follows_the_weights_and_the_next_ones_are_local_first() {
        NegativeMix mix = NegativeMix.of(Map.of(
                PATCH_DISPLACEMENT, 4.0, LOCAL_WARP, 2.0, LOCAL_NOISE, 1.0, COLOUR_CAST, 1.0, JPEG_ARTEFACTS, 2.0));
        EnumMap<NegativeKind, Integer> first = new EnumMap<>(NegativeKind.class);
        int draws = 20_000;
        for (int i = 0; i < draws; i++) {
            List<NegativeKind> order = mix.order(SplitMix64.stream(i, 0));
            first.merge(order.get(0), 1, Integer::sum);
            assertThat(order).hasSize(5).doesNotHaveDuplicates();
            assertThat(order.subList(1, 3)).allMatch(NegativeKind::isLocal);
        }

        // five standard deviations of a binomial count at most
        mixShares().forEach((kind, share) -> assertThat((double) first.getOrDefault(kind, 0) / draws)
                .as(kind.name())
                .isBetween(share - 5 * deviation(share, draws), share + 5 * deviation(share, draws)));
    }

    private static Map<NegativeKind, Double> mixShares() {
        return Map.of(
                PATCH_DISPLACEMENT, 0.4, LOCAL_WARP, 0.2, LOCAL_NOISE, 0.1, COLOUR_CAST, 0.1, JPEG_ARTEFACTS, 0.2);
    }

    private static double deviation(double share, int draws) {
        return Math.sqrt(share * (1 - share) / draws);
    }
}
