package dev.realalign.app.metrics;

import dev.realalign.app.flow.Flow;
import dev.realalign.app.flow.ImageToWeights.Hop;
import dev.realalign.app.metrics.Meters.Series;
import dev.realalign.curator.gate.Reason;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.time.InstantSource;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

/** The way from image to weights for Prometheus. */
public final class FlowMeters {
    /** From what a busy demo takes to what a slow night takes. */
    private static final List<Duration> BOUNDS = Stream.of(
                    0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1_800.0, 3_600.0,
                    14_400.0, 86_400.0)
            .map(seconds -> Duration.ofMillis(Math.round(seconds * 1_000)))
            .toList();

    private FlowMeters() {}

    /**
     * Registers them.
     *
     * @return the flow that feeds them
     */
    public static Flow register(Meters meters, InstantSource clock) {
        Map<Hop, Timer> hops = new EnumMap<>(Hop.class);
        for (Hop hop : Hop.values()) {
            hops.put(
                    hop,
                    meters.histogram(
                            MeterCatalogue.IMAGE_TO_WEIGHTS, BOUNDS, hop.name().toLowerCase(Locale.ROOT)));
        }
        Flow flow = new Flow(taken -> {
            Timer timer = hops.get(taken.hop());
            if (timer != null) {
                timer.record(taken.took().isNegative() ? Duration.ZERO : taken.took());
            }
        });
        meters.gauges(MeterCatalogue.STALENESS, () -> flow.staleness(clock.instant()).stream()
                .map(one -> Series.of(one.staleness().toMillis() / 1000.0, one.subscriber(), one.model()))
                .toList());
        for (Reason reason : Reason.values()) {
            meters.counter(
                    MeterCatalogue.FUNNEL_REJECTIONS,
                    () -> flow.rejections().getOrDefault(reason.name(), 0L),
                    reason.name(),
                    reason.defaultMode().isPresent() ? "SWITCHABLE" : "FIXED");
        }
        meters.counter(MeterCatalogue.FUNNEL_DECISIONS, flow::acceptedCandidates, "accepted");
        meters.counter(MeterCatalogue.FUNNEL_DECISIONS, flow::refusedCandidates, "refused");
        return flow;
    }
}
