package dev.realalign.app.metrics;

import dev.realalign.diffusion.bench.ProcessMemory;
import dev.realalign.diffusion.tensor.Tensor;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.core.instrument.config.MeterFilter;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.DoubleSupplier;
import java.util.function.Supplier;

/**
 * The meters of one process. They are registered at start and read where their numbers live, at each scrape; nothing is
 * counted twice. Only meters of the catalogue can be registered, with the labels it names.
 */
public final class Meters {
    /** Of Micrometer's own meters of the Java machine and the process, the ones in the catalogue. */
    private static final Set<String> OF_THE_PROCESS = Set.of("jvm.memory.used", "process.cpu.usage", "process.uptime");

    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final KafkaClientMeters clients = new KafkaClientMeters(registry);
    private final List<Runnable> beforeScrapes = new CopyOnWriteArrayList<>();
    /** What counters read: Micrometer refers to it weakly, and once collected a counter would stand still. */
    private final List<DoubleSupplier> counted = new CopyOnWriteArrayList<>();

    /**
     * A value with its labels.
     *
     * @param labels values of the meter's labels, in their order
     */
    public record Series(List<String> labels, double value) {
        /** A series with these labels. */
        public static Series of(double value, String... labels) {
            return new Series(List.of(labels), value);
        }
    }

    /** The meters every process has. */
    public Meters() {
        registry.config()
                .meterFilter(MeterFilter.deny(id -> (id.getName().startsWith("jvm.")
                                || id.getName().startsWith("process.")
                                || id.getName().startsWith("system."))
                        && !OF_THE_PROCESS.contains(id.getName())));
        new JvmMemoryMetrics().bindTo(registry);
        new ProcessorMetrics().bindTo(registry);
        new UptimeMetrics().bindTo(registry);
        beforeScrapes.add(clients::refresh);
        gauge(MeterCatalogue.RESIDENT, () -> {
            OptionalLong resident = ProcessMemory.resident();
            return resident.isPresent() ? resident.getAsLong() : Double.NaN;
        });
        gauge(MeterCatalogue.TENSORS, Tensor::liveCount);
    }

    /** Everything in Prometheus' text format. */
    public synchronized String scrape() {
        beforeScrapes.forEach(Runnable::run);
        return registry.scrape();
    }

    /** Registers a gauge of one series. */
    void gauge(Meter meter, DoubleSupplier value, String... labels) {
        require(meter, Meter.Kind.GAUGE);
        Gauge.builder(meter.name(), value::getAsDouble)
                .strongReference(true)
                .description(meter.meaning())
                .tags(tags(meter, List.of(labels)))
                .register(registry);
    }

    /** Registers a counter of one series, whose number lives elsewhere and never falls. */
    void counter(Meter meter, DoubleSupplier value, String... labels) {
        require(meter, Meter.Kind.COUNTER);
        counted.add(value);
        FunctionCounter.builder(meter.name(), value, DoubleSupplier::getAsDouble)
                .description(meter.meaning())
                .tags(tags(meter, List.of(labels)))
                .register(registry);
    }

    /** Registers a gauge whose series come and go: they are asked for before each scrape. */
    void gauges(Meter meter, Supplier<List<Series>> series) {
        require(meter, Meter.Kind.GAUGE);
        MultiGauge gauges =
                MultiGauge.builder(meter.name()).description(meter.meaning()).register(registry);
        beforeScrapes.add(() -> {
            List<MultiGauge.Row<?>> rows = new ArrayList<>();
            series.get().forEach(one -> rows.add(MultiGauge.Row.of(tags(meter, one.labels()), one.value())));
            gauges.register(rows, true);
        });
    }

    /** Registers one series of a histogram of times. */
    Timer histogram(Meter meter, List<Duration> bounds, String... labels) {
        require(meter, Meter.Kind.HISTOGRAM);
        String suffix = "_seconds";
        if (!meter.name().endsWith(suffix)) {
            throw new IllegalArgumentException("a histogram of times is in seconds: " + meter.name());
        }
        return Timer.builder(meter.name().substring(0, meter.name().length() - suffix.length()))
                .description(meter.meaning())
                .serviceLevelObjectives(bounds.toArray(Duration[]::new))
                .tags(tags(meter, List.of(labels)))
                .register(registry);
    }

    private static void require(Meter meter, Meter.Kind kind) {
        if (meter.kind() != kind) {
            throw new IllegalArgumentException(meter.name() + " is a " + meter.kind() + ", not a " + kind);
        }
    }

    private static Tags tags(Meter meter, List<String> values) {
        if (meter.labels().size() != values.size()) {
            throw new IllegalArgumentException(meter.name() + " has the labels " + meter.labels() + ", not " + values);
        }
        List<Tag> tags = new ArrayList<>();
        for (int i = 0; i < values.size(); i++) {
            tags.add(Tag.of(meter.labels().get(i), values.get(i)));
        }
        return Tags.of(tags);
    }
}
