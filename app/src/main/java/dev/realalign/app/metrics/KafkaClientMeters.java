package dev.realalign.app.metrics;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import java.lang.management.ManagementFactory;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import javax.management.JMException;
import javax.management.MBeanServer;
import javax.management.MalformedObjectNameException;
import javax.management.ObjectName;

/**
 * What Kafka's own clients of this process say about themselves, as far as it helps. They register their numbers with the
 * platform's MBean server, whoever made them, so that nothing has to be handed around.
 */
final class KafkaClientMeters {
    private static final String CONSUMER = "kafka.consumer:type=consumer-";
    private static final String PRODUCER = "kafka.producer:type=producer-metrics";
    private static final String STREAMS = "kafka.streams:type=stream-";

    private static final List<Row> ROWS = List.of(
            new Row(CONSUMER + "fetch-manager-metrics", "client-id", "records-lag-max"),
            new Row(CONSUMER + "fetch-manager-metrics", "client-id", "records-consumed-total"),
            new Row(CONSUMER + "fetch-manager-metrics", "client-id", "bytes-consumed-total"),
            new Row(CONSUMER + "fetch-manager-metrics", "client-id", "fetch-latency-avg"),
            new Row(CONSUMER + "coordinator-metrics", "client-id", "rebalance-total"),
            new Row(CONSUMER + "coordinator-metrics", "client-id", "commit-latency-avg"),
            new Row(CONSUMER + "metrics", "client-id", "connection-count"),
            new Row(PRODUCER, "client-id", "record-send-total"),
            new Row(PRODUCER, "client-id", "record-error-total"),
            new Row(PRODUCER, "client-id", "request-latency-avg"),
            new Row(PRODUCER, "client-id", "buffer-available-bytes"),
            new Row(STREAMS + "metrics", "client-id", "alive-stream-threads"),
            new Row(STREAMS + "metrics", "client-id", "failed-stream-threads"),
            new Row(STREAMS + "thread-metrics", "thread-id", "process-total"),
            new Row(STREAMS + "thread-metrics", "thread-id", "process-latency-avg"),
            new Row(STREAMS + "thread-metrics", "thread-id", "commit-latency-avg"));

    /**
     * A number that a kind of client keeps.
     *
     * @param bean domain and type of the clients' MBeans
     * @param property property of the bean that tells the clients apart
     * @param attribute the number's name in the bean
     */
    record Row(String bean, String property, String attribute) {
        /** Its name for Prometheus, as Micrometer's Kafka binders make it: group and name, joined by underscores. */
        String name() {
            String group = bean.substring(bean.indexOf('=') + 1).replaceAll("-?metrics$", "");
            return "kafka_" + (group + "-" + attribute).replace('-', '_');
        }

        String label() {
            return property.replace('-', '_');
        }

        private ObjectName pattern() {
            try {
                return new ObjectName(bean + "," + property + "=*");
            } catch (MalformedObjectNameException e) {
                throw new IllegalStateException("a pattern in the list of Kafka's meters", e);
            }
        }
    }

    private record Source(Row row, ObjectName bean) {}

    private final MBeanServer beans = ManagementFactory.getPlatformMBeanServer();
    private final MeterRegistry registry;
    private final Map<Source, io.micrometer.core.instrument.Meter> meters = new HashMap<>();

    KafkaClientMeters(MeterRegistry registry) {
        this.registry = registry;
    }

    /** The numbers that are passed on. */
    static List<Row> rows() {
        return ROWS;
    }

    /** Registers meters for clients that have come, and removes those of clients that have gone. */
    synchronized void refresh() {
        Set<Source> present = new HashSet<>();
        for (Row row : ROWS) {
            beans.queryNames(row.pattern(), null).forEach(bean -> present.add(new Source(row, bean)));
        }
        meters.entrySet().removeIf(entry -> {
            boolean gone = !present.contains(entry.getKey());
            if (gone) {
                registry.remove(entry.getValue());
            }
            return gone;
        });
        present.forEach(source -> meters.computeIfAbsent(source, this::register));
    }

    private io.micrometer.core.instrument.Meter register(Source source) {
        Row row = source.row();
        Tags tags = Tags.of(row.label(), ObjectName.unquote(quoted(source.bean().getKeyProperty(row.property()))));
        return row.attribute().endsWith("-total")
                ? FunctionCounter.builder(row.name(), source, this::read)
                        .tags(tags)
                        .register(registry)
                : Gauge.builder(row.name(), source, this::read)
                        .strongReference(true)
                        .tags(tags)
                        .register(registry);
    }

    /** Kafka quotes the values that need it and no others. */
    private static String quoted(String value) {
        return value.startsWith("\"") ? value : ObjectName.quote(value);
    }

    private double read(Source source) {
        try {
            return beans.getAttribute(source.bean(), source.row().attribute()) instanceof Number number
                    ? number.doubleValue()
                    : Double.NaN;
        } catch (JMException e) {
            return Double.NaN; // the client closed since the last refresh
        }
    }
}
