package dev.realalign.app.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.realalign.runtime.LagHistory;
import dev.realalign.runtime.LagReport;
import dev.realalign.runtime.LagSample;
import dev.realalign.runtime.PartitionLag;
import dev.realalign.runtime.PartitionLag.Owner;
import dev.realalign.runtime.PartitionLag.SecondsFrom;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class LagTableTest {
    private final LagHistory history = new LagHistory(Duration.ofSeconds(10));

    private LagReport report(long second, PartitionLag... lags) {
        LagSample sample = new LagSample(Instant.ofEpochSecond(second), List.of(lags), List.of(), Map.of(), 1);
        return new LagReport(sample, history.add(sample.at(), sample.lags()), Duration.ZERO);
    }

    private static PartitionLag behind(long committed) {
        return new PartitionLag(
                "realalign-curator",
                "real-images",
                0,
                OptionalLong.of(committed),
                100,
                OptionalLong.of(100 - committed),
                OptionalDouble.of(12.34),
                SecondsFrom.SAMPLED,
                Optional.of(new Owner("m", "curator-1", "10.0.0.1")));
    }

    private static PartitionLag unknown() {
        return new PartitionLag(
                "realalign-publisher-m",
                "checkpoint-candidates",
                0,
                OptionalLong.empty(),
                5,
                OptionalLong.empty(),
                OptionalDouble.empty(),
                SecondsFrom.UNKNOWN,
                Optional.empty());
    }

    @Test
    void eachPartitionIsALineAndWhatIsUnknownADash() {
        report(0, behind(20), unknown());

        assertThat(LagTable.lines(report(10, behind(40), unknown())))
                .containsExactly(
                        "GROUP                            TOPIC                  PART    RECORDS    SECONDS  STATUS    TREND          PER S  CATCH UP  OWNER",
                        "realalign-curator                real-images               0         60      ~12.3  OK        shrinking       -2.0    30.0 s  curator-1 on 10.0.0.1",
                        "realalign-publisher-m            checkpoint-candidates     0          -          -  NO_COMMIT -                  -         -  -");
    }

    @Test
    void aClusterWithoutStagesSaysSo() {
        assertThat(LagTable.lines(report(0))).containsExactly("No stage has run on this cluster yet.");
    }
}
