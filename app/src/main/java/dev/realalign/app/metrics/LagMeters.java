package dev.realalign.app.metrics;

import dev.realalign.app.metrics.Meters.Series;
import dev.realalign.runtime.LagEvaluation;
import dev.realalign.runtime.LagReport;
import dev.realalign.runtime.LagSample.PartitionRange;
import dev.realalign.runtime.PartitionLag;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Lag for Prometheus. Names and labels that kafka_exporter has too are its own, so that dashboards made for it work; what is
 * unknown is absent, where kafka_exporter writes -1.
 */
public final class LagMeters {
    private final Supplier<Optional<LagReport>> newest;

    private LagMeters(Supplier<Optional<LagReport>> newest) {
        this.newest = newest;
    }

    /**
     * Registers them.
     *
     * @param newest newest report
     * @param clock tells how old it is
     */
    public static void register(Meters meters, Supplier<Optional<LagReport>> newest, InstantSource clock) {
        LagMeters lag = new LagMeters(newest);
        meters.gauges(MeterCatalogue.BROKERS, () -> newest.get().stream()
                .map(report -> Series.of(report.sample().brokers()))
                .toList());
        meters.gauges(MeterCatalogue.PARTITIONS, lag::partitions);
        meters.gauges(MeterCatalogue.TOPIC_END, () -> lag.ranges(PartitionRange::end));
        meters.gauges(MeterCatalogue.TOPIC_OLDEST, () -> lag.ranges(PartitionRange::oldest));
        meters.gauges(
                MeterCatalogue.GROUP_OFFSET,
                () -> lag.each(p ->
                        number(p.lag().committed().stream().asDoubleStream().findFirst())));
        meters.gauges(
                MeterCatalogue.GROUP_OFFSET_SUM,
                () -> lag.sums(
                        p -> number(p.committed().stream().asDoubleStream().findFirst())));
        meters.gauges(
                MeterCatalogue.LAG,
                () -> lag.each(
                        p -> number(p.lag().records().stream().asDoubleStream().findFirst())));
        meters.gauges(
                MeterCatalogue.LAG_SUM,
                () -> lag.sums(p -> number(p.records().stream().asDoubleStream().findFirst())));
        meters.gauges(MeterCatalogue.MEMBERS, () -> newest.get().stream()
                .flatMap(report -> report.sample().members().entrySet().stream())
                .map(group -> Series.of(group.getValue(), group.getKey()))
                .toList());
        meters.gauges(MeterCatalogue.LAG_SECONDS, lag::seconds);
        meters.gauges(MeterCatalogue.LAG_STATUS, lag::statuses);
        meters.gauges(
                MeterCatalogue.LAG_TREND,
                () -> lag.each(p -> switch (p.trend()) {
                    case GROWING -> Optional.of(1.0);
                    case STEADY -> Optional.of(0.0);
                    case SHRINKING -> Optional.of(-1.0);
                    case UNKNOWN -> Optional.empty();
                }));
        meters.gauges(MeterCatalogue.LAG_SLOPE, () -> lag.each(p -> number(p.slope())));
        meters.gauges(MeterCatalogue.LAG_CATCH_UP, () -> lag.each(p -> number(p.secondsToCatchUp())));
        meters.gauge(
                MeterCatalogue.SAMPLE_SECONDS,
                () -> newest.get().map(report -> seconds(report.took())).orElse(Double.NaN));
        meters.gauge(MeterCatalogue.SAMPLE_AGE, () -> newest.get()
                .map(report -> seconds(Duration.between(report.sample().at(), clock.instant())))
                .orElse(Double.NaN));
    }

    private static double seconds(Duration duration) {
        return duration.toMillis() / 1000.0;
    }

    private static Optional<Double> number(OptionalDouble value) {
        return value.isPresent() ? Optional.of(value.getAsDouble()) : Optional.empty();
    }

    private List<LagEvaluation> evaluations() {
        return newest.get().map(LagReport::partitions).orElse(List.of());
    }

    private List<Series> partitions() {
        Map<String, Integer> counts = new TreeMap<>();
        newest.get()
                .ifPresent(report ->
                        report.sample().topics().forEach(range -> counts.merge(range.topic(), 1, Integer::sum)));
        return counts.entrySet().stream()
                .map(topic -> Series.of(topic.getValue(), topic.getKey()))
                .toList();
    }

    private List<Series> ranges(Function<PartitionRange, Long> offset) {
        return newest.get().stream()
                .flatMap(report -> report.sample().topics().stream())
                .map(range -> Series.of(offset.apply(range), range.topic(), Integer.toString(range.partition())))
                .toList();
    }

    /** One series for each partition whose value is known. */
    private List<Series> each(Function<LagEvaluation, Optional<Double>> value) {
        List<Series> series = new ArrayList<>();
        for (LagEvaluation evaluation : evaluations()) {
            PartitionLag lag = evaluation.lag();
            value.apply(evaluation)
                    .ifPresent(known ->
                            series.add(Series.of(known, lag.group(), lag.topic(), Integer.toString(lag.partition()))));
        }
        return series;
    }

    /** One series for each group and topic with a known value in any partition. */
    private List<Series> sums(Function<PartitionLag, Optional<Double>> value) {
        Map<List<String>, Double> sums = new LinkedHashMap<>();
        for (LagEvaluation evaluation : evaluations()) {
            PartitionLag lag = evaluation.lag();
            value.apply(lag).ifPresent(known -> sums.merge(List.of(lag.group(), lag.topic()), known, Double::sum));
        }
        return sums.entrySet().stream()
                .map(sum -> new Series(sum.getKey(), sum.getValue()))
                .toList();
    }

    private List<Series> seconds() {
        List<Series> series = new ArrayList<>();
        for (LagEvaluation evaluation : evaluations()) {
            PartitionLag lag = evaluation.lag();
            number(lag.seconds())
                    .ifPresent(age -> series.add(Series.of(
                            age,
                            lag.group(),
                            lag.topic(),
                            Integer.toString(lag.partition()),
                            lag.secondsFrom().name())));
        }
        return series;
    }

    private List<Series> statuses() {
        return evaluations().stream()
                .map(evaluation -> Series.of(
                        1,
                        evaluation.lag().group(),
                        evaluation.lag().topic(),
                        Integer.toString(evaluation.lag().partition()),
                        evaluation.status().name()))
                .toList();
    }
}
