package dev.realalign.dashboard.model;

import dev.realalign.runtime.LagEvaluation;
import dev.realalign.runtime.LagStatus;
import dev.realalign.runtime.LagTrend;
import dev.realalign.runtime.PartitionLag;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * How far a group is behind in a topic, over all its partitions.
 *
 * @param stage role that reads it, null for a group of somebody else
 * @param status the worst verdict of a partition
 * @param trend growing when any partition grows, else shrinking when any shrinks
 * @param records records not read yet, null when nothing was committed
 * @param seconds age of the oldest of them, null when unknown
 * @param perSecond records by which the lag grows in a second, null without a trend
 * @param catchUpSeconds time until the last partition has caught up at this pace, null unless all that lag shrink
 * @param owners who reads the partitions
 */
record GroupLag(
        String group,
        String topic,
        @Nullable String stage,
        LagStatus status,
        LagTrend trend,
        @Nullable Long records,
        @Nullable Double seconds,
        @Nullable Double perSecond,
        @Nullable Double catchUpSeconds,
        List<Partition> partitions,
        List<String> owners) {

    /**
     * A partition.
     *
     * @param exact whether the seconds come from a record's own timestamp and not from earlier samples
     */
    record Partition(
            int partition,
            LagStatus status,
            @Nullable Long committed,
            long end,
            @Nullable Long records,
            @Nullable Double seconds,
            boolean exact) {
        static Partition of(LagEvaluation evaluation) {
            PartitionLag lag = evaluation.lag();
            return new Partition(
                    lag.partition(),
                    evaluation.status(),
                    number(lag.committed()),
                    lag.end(),
                    number(lag.records()),
                    number(lag.seconds()),
                    lag.secondsFrom() == PartitionLag.SecondsFrom.EXACT);
        }
    }

    /** Sums up; all of one group and topic, at least one. */
    static GroupLag of(List<LagEvaluation> partitions) {
        PartitionLag first = partitions.get(0).lag();
        List<LagEvaluation> lagging =
                partitions.stream().filter(p -> p.lag().records().orElse(0) > 0).toList();
        boolean allShrink = !lagging.isEmpty()
                && lagging.stream().allMatch(p -> p.secondsToCatchUp().isPresent());
        boolean anyTrend = partitions.stream().anyMatch(p -> p.slope().isPresent());
        return new GroupLag(
                first.group(),
                first.topic(),
                Stage.reading(first.topic()).map(Stage::role).orElse(null),
                partitions.stream().map(LagEvaluation::status).reduce(LagStatus.OK, LagStatus::worse),
                trend(partitions),
                partitions.stream()
                        .map(p -> number(p.lag().records()))
                        .filter(records -> records != null)
                        .reduce(Long::sum)
                        .orElse(null),
                partitions.stream()
                        .map(p -> number(p.lag().seconds()))
                        .filter(seconds -> seconds != null)
                        .reduce(Math::max)
                        .orElse(null),
                anyTrend
                        ? partitions.stream()
                                .mapToDouble(p -> p.slope().orElse(0))
                                .sum()
                        : null,
                allShrink
                        ? lagging.stream()
                                .mapToDouble(p -> p.secondsToCatchUp().orElse(0))
                                .max()
                                .orElse(0)
                        : null,
                partitions.stream().map(Partition::of).toList(),
                partitions.stream()
                        .flatMap(p -> p.lag().owner().stream())
                        .map(owner -> owner.client() + " on " + owner.host().replaceFirst("^/", ""))
                        .distinct()
                        .toList());
    }

    private static LagTrend trend(List<LagEvaluation> partitions) {
        for (LagTrend trend : List.of(LagTrend.GROWING, LagTrend.SHRINKING, LagTrend.STEADY)) {
            if (partitions.stream().anyMatch(p -> p.trend() == trend)) {
                return trend;
            }
        }
        return LagTrend.UNKNOWN;
    }

    private static @Nullable Long number(OptionalLong value) {
        return value.isPresent() ? value.getAsLong() : null;
    }

    private static @Nullable Double number(OptionalDouble value) {
        return value.isPresent() ? value.getAsDouble() : null;
    }
}
