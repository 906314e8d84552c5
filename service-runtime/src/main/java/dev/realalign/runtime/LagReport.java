package dev.realalign.runtime;

import java.time.Duration;
import java.util.List;

/**
 * A sample with its verdicts.
 *
 * @param sample what was found
 * @param partitions every measured partition with its verdict, in the sample's order
 * @param took how long the sample took
 */
public record LagReport(LagSample sample, List<LagEvaluation> partitions, Duration took) {
    /** Copies the partitions. */
    public LagReport {
        partitions = List.copyOf(partitions);
    }

    /** The worst verdict; OK when nothing is measured. */
    public LagStatus worst() {
        return partitions.stream().map(LagEvaluation::status).reduce(LagStatus.OK, LagStatus::worse);
    }
}
