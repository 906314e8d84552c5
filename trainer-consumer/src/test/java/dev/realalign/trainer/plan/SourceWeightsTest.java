package dev.realalign.trainer.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.realalign.trainer.plan.SourceWeights.Weight;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SourceWeightsTest {
    private static final SourceWeights WEIGHTS = SourceWeights.parse(
            List.of("https://a.example/=0.5", "https://a.example/x?id=0=0.25", "tier:crawled = 0.1"));

    @ParameterizedTest(name = "{0}, {1}: {2}")
    @CsvSource({
        "https://a.example/1.png, , https://a.example/",
        "https://a.example/x?id=01, , https://a.example/x?id=0",
        "https://a.example/1.png, crawled, https://a.example/",
        "folder/1.png, crawled, tier:crawled",
        "folder/1.png, own, ",
        "folder/1.png, , ",
    })
    void the_longest_beginning_counts_and_then_the_tier(
            String source, @Nullable String tier, @Nullable String expected) {
        Weight weight = WEIGHTS.of(source, tier);
        assertThat(weight == null ? null : weight.name()).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({"a", "=0.5", "a=1.5", "a=-0.1", "a=NaN", "a=much"})
    void what_is_no_weight_is_named(String entry) {
        assertThatThrownBy(() -> SourceWeights.parse(List.of("b=1", entry)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(entry + " is not BEGINNING=SHARE or tier:NAME=SHARE, with a share from 0 to 1");
    }

    @Test
    void a_source_that_is_named_twice_is_refused() {
        assertThatThrownBy(() -> SourceWeights.parse(List.of("a=1", "a=0.5")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("a is named twice");
    }
}
