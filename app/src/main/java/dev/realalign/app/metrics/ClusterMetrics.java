package dev.realalign.app.metrics;

import dev.realalign.app.flow.Flow;
import dev.realalign.app.flow.FlowReader;
import dev.realalign.runtime.ClusterConfig;
import dev.realalign.runtime.LagReport;
import dev.realalign.schemas.Topic;
import dev.realalign.schemas.Topics;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Metrics of a cluster as a whole, lag and the way from image to weights, in a process that watches it. */
public final class ClusterMetrics implements AutoCloseable {
    private final @Nullable MetricsServer server;
    private final @Nullable FlowReader reader;

    private ClusterMetrics(@Nullable MetricsServer server, @Nullable FlowReader reader) {
        this.server = server;
        this.reader = reader;
    }

    /** Topics whose offsets belong into a lag report for these metrics, whether a group reads them or not. */
    public static List<String> topics() {
        return Topics.all().stream().map(Topic::name).toList();
    }

    /** Serves nothing. */
    public static ClusterMetrics none() {
        return new ClusterMetrics(null, null);
    }

    /**
     * Serves them where {@code metrics.port} is set, and does nothing otherwise.
     *
     * @param given configuration
     * @param newest newest lag report
     * @param more registers what else the process has
     * @param health how the process fares
     * @throws dev.realalign.runtime.UserErrorException for usage, when the configuration is wrong or the port is taken
     */
    public static ClusterMetrics serve(
            Map<String, String> given,
            Supplier<Optional<LagReport>> newest,
            Consumer<Meters> more,
            Supplier<Health> health) {
        MetricsConfig config = MetricsConfig.from(given);
        if (!config.isOn()) {
            return none();
        }
        Meters meters = new Meters();
        LagMeters.register(meters, newest, InstantSource.system());
        Flow flow = FlowMeters.register(meters, InstantSource.system());
        more.accept(meters);
        MetricsServer server = new MetricsServer(config, meters::scrape, health);
        return new ClusterMetrics(server, new FlowReader(ClusterConfig.from(given), flow));
    }

    @Override
    public void close() throws InterruptedException {
        if (server != null) {
            server.close();
        }
        if (reader != null) {
            reader.close();
        }
    }
}
