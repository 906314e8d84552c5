package dev.realalign.dashboard.history;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.entry;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HistoryRingTest {
    private static final Instant START = Instant.parse("2026-01-02T00:00:00Z");
    private static final Duration STEP = Duration.ofSeconds(10);

    @TempDir
    Path folder;

    private HistoryRing open(Duration span, int columns) throws IOException {
        return HistoryRing.open(folder.resolve("history.ring"), STEP, span, columns);
    }

    @Test
    void aRestartLosesNothing() throws IOException {
        try (HistoryRing ring = open(Duration.ofMinutes(10), 4)) {
            ring.write(START, Map.of("lag", 3.0));
            ring.write(START.plusSeconds(10), Map.of("lag", 5.0, "rate", 1.5));
        }
        try (HistoryRing ring = open(Duration.ofMinutes(10), 4)) {
            ring.write(START.plusSeconds(20), Map.of("rate", 2.5));
            HistoryRing.Stretch all = ring.read(START, START.plusSeconds(60), 100);
            assertThat(all.stepMs()).isEqualTo(10_000);
            assertThat(all.at())
                    .containsExactly(
                            START.toEpochMilli(),
                            START.plusSeconds(10).toEpochMilli(),
                            START.plusSeconds(20).toEpochMilli());
            assertThat(all.columns())
                    .containsOnly(
                            entry("lag", Arrays.asList(3f, 5f, null)), entry("rate", Arrays.asList(null, 1.5f, 2.5f)));
        }
    }

    @Test
    void theLastOfSeveralNumbersInOneStepStays() throws IOException {
        try (HistoryRing ring = open(Duration.ofMinutes(10), 4)) {
            ring.write(START, Map.of("lag", 3.0));
            ring.write(START.plusSeconds(9), Map.of("lag", 4.0));
            assertThat(ring.read(START, START.plusSeconds(60), 100).columns()).containsOnly(entry("lag", List.of(4f)));
        }
    }

    @Test
    void neighboursArePutTogetherToTheLargest() throws IOException {
        try (HistoryRing ring = open(Duration.ofMinutes(10), 4)) {
            for (int i = 0; i < 12; i++) {
                ring.write(START.plusSeconds(10L * i), Map.of("lag", (double) (i == 4 ? 100 : i)));
            }
            HistoryRing.Stretch four = ring.read(START, START.plusSeconds(119), 4);
            assertThat(four.stepMs()).isEqualTo(30_000);
            assertThat(four.columns()).containsOnly(entry("lag", List.of(2f, 100f, 8f, 11f)));
        }
    }

    @Test
    void twentyFourHoursAtEveryTwoSecondsLeaveTheFileAsLargeAsItWas() throws IOException {
        Path file = folder.resolve("history.ring");
        try (HistoryRing ring = open(Duration.ofHours(24), 16)) {
            long size = Files.size(file);
            for (int second = 0; second < 2 * 86_400; second += 2) { // twice round: a day is kept, and a day forgotten
                ring.write(START.plusSeconds(second), Map.of("lag", (double) second, "rate", 1.0));
            }
            assertThat(Files.size(file)).isEqualTo(size).isEqualTo(32 + 16 * 256 + 8_640L * (12 + 64));
            HistoryRing.Stretch all = ring.read(START, START.plusSeconds(2 * 86_400), 10_000);
            assertThat(all.at()).hasSize(8_640);
            assertThat(all.at().get(0)).isEqualTo(START.plusSeconds(86_400).toEpochMilli());
            assertThat(all.columns()).containsOnlyKeys("lag", "rate");
        }
    }

    @Test
    void theNameNotWrittenForTheLongestTimeGivesUpItsColumn() throws IOException {
        try (HistoryRing ring = open(Duration.ofMinutes(10), 2)) {
            ring.write(START, Map.of("old", 1.0));
            ring.write(START.plusSeconds(10), Map.of("kept", 2.0));
            ring.write(START.plusSeconds(20), Map.of("new", 3.0));
            assertThat(ring.read(START, START.plusSeconds(60), 100).columns())
                    .containsOnly(
                            entry("kept", Arrays.asList(null, 2f, null)), entry("new", Arrays.asList(null, null, 3f)));
        }
        try (HistoryRing ring = open(Duration.ofMinutes(10), 2)) {
            assertThat(ring.read(START, START.plusSeconds(60), 100).columns()).containsOnlyKeys("kept", "new");
        }
    }

    @Test
    void moreNamesThanColumnsAtOnceAreLeftOutAndNothingElse() throws IOException {
        try (HistoryRing ring = open(Duration.ofMinutes(10), 3)) {
            Map<String, Double> many = new HashMap<>();
            for (int i = 0; i < 10; i++) {
                many.put("partition " + i, 1.0);
            }
            ring.write(START, many);
            assertThat(ring.read(START, START.plusSeconds(60), 100).columns()).hasSize(3);
        }
    }

    @Test
    void aTornRowIsAGapAndNothingWorse() throws IOException {
        try (HistoryRing ring = open(Duration.ofMinutes(10), 2)) {
            ring.write(START, Map.of("lag", 1.0));
            ring.write(START.plusSeconds(10), Map.of("lag", 2.0));
        }
        long row = START.plusSeconds(10).toEpochMilli() / 10_000 % 60;
        try (FileChannel file = FileChannel.open(folder.resolve("history.ring"), StandardOpenOption.WRITE)) {
            file.write(ByteBuffer.allocate(4).putFloat(0, 77f), 32 + 2 * 256 + row * 20 + 8);
        }
        try (HistoryRing ring = open(Duration.ofMinutes(10), 2)) {
            assertThat(ring.read(START, START.plusSeconds(60), 100).columns()).containsOnly(entry("lag", List.of(1f)));
        }
    }

    @Test
    void aFileOfAnotherFormIsPutAsideAndNeverReadWrongly() throws IOException {
        Path file = folder.resolve("history.ring");
        Files.writeString(file, "not a ring");
        try (HistoryRing ring = open(Duration.ofMinutes(10), 2)) {
            assertThat(ring.read(START, START.plusSeconds(60), 100).at()).isEmpty();
        }
        assertThat(folder.resolve("history.ring.old")).hasContent("not a ring");
    }

    @Test
    void aFileHasOneProcessAtATime() throws IOException {
        try (HistoryRing ring = open(Duration.ofMinutes(10), 2)) {
            assertThat(ring.read(START, START, 1).at()).isEmpty();
            assertThatThrownBy(() -> open(Duration.ofMinutes(10), 2))
                    .isInstanceOf(IOException.class)
                    .hasMessage("another process uses it");
        }
    }

    @Test
    void aClockThatWasSetBackLeavesAGap() throws IOException {
        try (HistoryRing ring = open(Duration.ofMinutes(10), 2)) {
            ring.write(START.plusSeconds(60), Map.of("lag", 1.0));
            ring.write(START, Map.of("lag", 9.0));
            assertThat(ring.read(START, START.plusSeconds(120), 100).columns()).containsOnly(entry("lag", List.of(1f)));
        }
    }
}
