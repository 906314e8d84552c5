package dev.realalign.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.realalign.runtime.LagRules.FirstUnread;
import dev.realalign.runtime.LagRules.TopicLag;
import dev.realalign.runtime.PartitionLag.SecondsFrom;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class LagRulesTest {
    private static final Instant NOW = Instant.ofEpochMilli(100_000);
    private static final SecondsFrom EXACT = SecondsFrom.EXACT;
    private static final SecondsFrom NOT_KNOWN = SecondsFrom.UNKNOWN;
    private static final FirstUnread UNKNOWN = new FirstUnread.Unknown();

    private static FirstUnread at(long millis) {
        return new FirstUnread.At(Instant.ofEpochMilli(millis));
    }

    static Stream<Arguments> cases() {
        OptionalLong none = OptionalLong.empty();
        OptionalDouble noTime = OptionalDouble.empty();
        return Stream.of(
                Arguments.of("nothing was ever committed", none, 7L, UNKNOWN, none, noTime, NOT_KNOWN),
                Arguments.of(
                        "everything is read",
                        OptionalLong.of(7),
                        7L,
                        UNKNOWN,
                        OptionalLong.of(0),
                        OptionalDouble.of(0),
                        EXACT),
                Arguments.of(
                        "an empty topic",
                        OptionalLong.of(0),
                        0L,
                        UNKNOWN,
                        OptionalLong.of(0),
                        OptionalDouble.of(0),
                        EXACT),
                Arguments.of(
                        "the topic was recreated",
                        OptionalLong.of(9),
                        2L,
                        UNKNOWN,
                        OptionalLong.of(0),
                        OptionalDouble.of(0),
                        EXACT),
                Arguments.of(
                        "three records wait, the oldest for 2.5 s",
                        OptionalLong.of(4),
                        7L,
                        at(97_500),
                        OptionalLong.of(3),
                        OptionalDouble.of(2.5),
                        EXACT),
                Arguments.of(
                        "the broker's clock is ahead",
                        OptionalLong.of(4),
                        7L,
                        at(100_500),
                        OptionalLong.of(3),
                        OptionalDouble.of(0),
                        EXACT),
                Arguments.of(
                        "only markers are left",
                        OptionalLong.of(6),
                        7L,
                        new FirstUnread.Nothing(),
                        OptionalLong.of(0),
                        OptionalDouble.of(0),
                        EXACT),
                Arguments.of(
                        "the look took too long",
                        OptionalLong.of(4),
                        7L,
                        UNKNOWN,
                        OptionalLong.of(3),
                        noTime,
                        NOT_KNOWN),
                Arguments.of(
                        "samples tell about when the oldest was written",
                        OptionalLong.of(4),
                        7L,
                        new FirstUnread.About(Instant.ofEpochMilli(98_000)),
                        OptionalLong.of(3),
                        OptionalDouble.of(2),
                        SecondsFrom.SAMPLED));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("cases")
    void lag_is_never_negative_and_absent_when_unknown(
            String situation,
            OptionalLong committed,
            long end,
            FirstUnread first,
            OptionalLong records,
            OptionalDouble seconds,
            SecondsFrom from) {
        PartitionLag lag = LagRules.lag("g", "t", 1, committed, end, first, Optional.empty(), NOW);

        assertThat(lag)
                .isEqualTo(new PartitionLag("g", "t", 1, committed, end, records, seconds, from, Optional.empty()));
    }

    @Test
    void only_a_partition_with_offsets_beyond_its_commit_is_looked_into() {
        assertThat(LagRules.needsLook(OptionalLong.empty(), 5)).isFalse();
        assertThat(LagRules.needsLook(OptionalLong.of(5), 5)).isFalse();
        assertThat(LagRules.needsLook(OptionalLong.of(6), 5)).isFalse();
        assertThat(LagRules.needsLook(OptionalLong.of(4), 5)).isTrue();
    }

    @Test
    void a_topic_lags_by_all_its_records_and_its_longest_time() {
        List<TopicLag> sums = LagRules.byTopic(List.of(
                LagRules.lag("g", "t", 0, OptionalLong.of(1), 3, at(90_000), Optional.empty(), NOW),
                LagRules.lag("g", "t", 1, OptionalLong.of(0), 5, at(99_000), Optional.empty(), NOW),
                LagRules.lag("g", "t", 2, OptionalLong.empty(), 5, UNKNOWN, Optional.empty(), NOW),
                LagRules.lag("h", "t", 0, OptionalLong.empty(), 5, UNKNOWN, Optional.empty(), NOW)));

        assertThat(sums)
                .containsExactly(
                        new TopicLag("g", "t", OptionalLong.of(7), OptionalDouble.of(10)),
                        new TopicLag("h", "t", OptionalLong.empty(), OptionalDouble.empty()));
    }
}
