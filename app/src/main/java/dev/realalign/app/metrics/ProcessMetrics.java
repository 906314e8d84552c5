package dev.realalign.app.metrics;

import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The metrics server of a process, where its configuration asks for one. */
public final class ProcessMetrics implements AutoCloseable {
    private final @Nullable MetricsServer server;

    private ProcessMetrics(@Nullable MetricsServer server) {
        this.server = server;
    }

    /**
     * Serves metrics where {@code metrics.port} is set, and does nothing otherwise.
     *
     * @param given configuration
     * @param register registers the meters of the process's roles; called only where metrics are served
     * @param health how the process fares
     * @throws dev.realalign.runtime.UserErrorException for usage, when the configuration is wrong or the port is taken
     */
    public static ProcessMetrics serve(Map<String, String> given, Consumer<Meters> register, Supplier<Health> health) {
        MetricsConfig config = MetricsConfig.from(given);
        if (!config.isOn()) {
            return new ProcessMetrics(null);
        }
        Meters meters = new Meters();
        register.accept(meters);
        return new ProcessMetrics(new MetricsServer(config, meters::scrape, health));
    }

    @Override
    public void close() {
        if (server != null) {
            server.close();
        }
    }
}
