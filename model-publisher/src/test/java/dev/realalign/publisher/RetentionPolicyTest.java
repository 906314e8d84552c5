package dev.realalign.publisher;

import static org.assertj.core.api.Assertions.assertThat;

import dev.realalign.schemas.CheckpointAlias;
import dev.realalign.schemas.CheckpointVersion;
import dev.realalign.schemas.SubscriberStatus;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class RetentionPolicyTest {
    private static final Instant NOW = Instant.parse("2026-03-10T12:00:00Z");

    /** Versions 1 to 8, two a day: 7 and 8 today, 5 and 6 yesterday, and so on. */
    private static final List<CheckpointVersion> VERSIONS = LongStream.rangeClosed(1, 8)
            .mapToObj(number ->
                    version(number, NOW.minus(Duration.ofDays((8 - number) / 2)).minusSeconds(60 - number)))
            .toList();

    @ParameterizedTest(name = "{0}")
    @MethodSource("table")
    void whatStays(
            String sentence,
            RetentionPolicy policy,
            List<CheckpointAlias> aliases,
            List<SubscriberStatus> subscribers,
            Map<Long, List<String>> staying) {
        List<RetentionPolicy.Fate> fates = policy.judge(VERSIONS, aliases, subscribers, NOW);

        assertThat(fates)
                .extracting(fate -> fate.version().getVersion())
                .containsExactly(1L, 2L, 3L, 4L, 5L, 6L, 7L, 8L);
        assertThat(fates.stream()
                        .filter(RetentionPolicy.Fate::stays)
                        .collect(java.util.stream.Collectors.toMap(
                                fate -> fate.version().getVersion(), RetentionPolicy.Fate::reasons)))
                .isEqualTo(staying);
    }

    static Stream<Arguments> table() {
        RetentionPolicy newestOnly = new RetentionPolicy(1, 0, Duration.ofDays(7));
        return Stream.of(
                Arguments.of(
                        "the newest three",
                        new RetentionPolicy(3, 0, Duration.ZERO),
                        List.of(),
                        List.of(),
                        Map.of(
                                6L,
                                List.of("one of the newest 3"),
                                7L,
                                List.of("one of the newest 3"),
                                8L,
                                List.of("one of the newest 3"))),
                Arguments.of(
                        "the last of each of two days",
                        new RetentionPolicy(1, 2, Duration.ZERO),
                        List.of(),
                        List.of(),
                        Map.of(
                                6L,
                                List.of("the last of 2026-03-09"),
                                8L,
                                List.of("the newest", "the last of 2026-03-10"))),
                Arguments.of(
                        "what aliases point to, and its parent",
                        newestOnly,
                        List.of(alias("champion", 3)),
                        List.of(),
                        Map.of(
                                2L,
                                List.of("parent of version 3, to which champion points"),
                                3L,
                                List.of("champion points to it"),
                                8L,
                                List.of("the newest"))),
                Arguments.of(
                        "what a live subscriber serves, fetches or names",
                        newestOnly,
                        List.of(),
                        List.of(
                                subscriber("a", "alias latest", 2L, 4L, NOW),
                                subscriber("b", "version 6", null, null, NOW),
                                subscriber("c", "digest digest 7", null, null, NOW)),
                        Map.of(
                                2L,
                                List.of("held by subscriber a"),
                                4L,
                                List.of("held by subscriber a"),
                                6L,
                                List.of("held by subscriber b"),
                                7L,
                                List.of("held by subscriber c"),
                                8L,
                                List.of("the newest"))),
                Arguments.of(
                        "a subscriber that said goodbye or is silent for a week holds nothing",
                        newestOnly,
                        List.of(),
                        List.of(
                                SubscriberStatus.newBuilder(subscriber("a", "alias latest", 2L, null, NOW))
                                        .setStopped(true)
                                        .build(),
                                subscriber(
                                        "b",
                                        "alias latest",
                                        3L,
                                        null,
                                        NOW.minus(Duration.ofDays(7)).minusMillis(1)),
                                subscriber("c", "alias latest", 5L, null, NOW.minus(Duration.ofDays(7)))),
                        Map.of(5L, List.of("held by subscriber c"), 8L, List.of("the newest"))),
                Arguments.of(
                        "a subscriber of another line holds nothing here",
                        newestOnly,
                        List.of(),
                        List.of(SubscriberStatus.newBuilder(subscriber("a", "alias latest", 2L, null, NOW))
                                .setModel("other")
                                .build()),
                        Map.of(8L, List.of("the newest"))));
    }

    @Test
    @DisplayName("Retention that is off keeps every version")
    void off() {
        assertThat(new RetentionPolicy(0, 0, Duration.ZERO).judge(VERSIONS, List.of(), List.of(), NOW))
                .allSatisfy(fate -> assertThat(fate.reasons()).containsExactly("every version is kept"));
    }

    static CheckpointVersion version(long number, Instant publishedAt) {
        return CheckpointVersion.newBuilder()
                .setModel(Candidates.MODEL)
                .setVersion(number)
                .setDigest("digest " + number)
                .setLocation("file:///v/" + number)
                .setParent(number == 1 ? null : number - 1)
                .setCandidateDigest("candidate " + number)
                .setStep(number * 10)
                .setTriples(number * 80)
                .setOffsets(Map.of())
                .setCandidateCreatedAt(publishedAt)
                .setPublishedAt(publishedAt)
                .build();
    }

    private static CheckpointAlias alias(String name, long version) {
        return CheckpointAlias.newBuilder()
                .setModel(Candidates.MODEL)
                .setAlias(name)
                .setVersion(version)
                .setDigest("digest " + version)
                .setLocation("")
                .setSequence(1)
                .setActor("somebody")
                .setReason("because")
                .setMovedAt(NOW)
                .build();
    }

    private static SubscriberStatus subscriber(
            String name, String follows, @Nullable Long version, @Nullable Long target, Instant reportedAt) {
        return SubscriberStatus.newBuilder()
                .setSubscriber(name)
                .setModel(Candidates.MODEL)
                .setFollows(follows)
                .setVersion(version)
                .setTargetVersion(target)
                .setReportedAt(reportedAt)
                .build();
    }
}
