package dev.realalign.app.metrics;

import dev.realalign.runtime.Rules;
import dev.realalign.runtime.ServiceConfig;
import java.util.Map;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigDef.Importance;
import org.apache.kafka.common.config.ConfigDef.Type;

/**
 * Where a process answers Prometheus and whoever asks for its health.
 *
 * @param host address to listen on
 * @param port port to listen on, 0 for none
 */
public record MetricsConfig(String host, int port) {
    /** Port to listen on. */
    public static final String PORT = "metrics.port";
    /** Address to listen on. */
    public static final String HOST = "metrics.host";

    /** Keys of the metrics server. */
    public static final ConfigDef DEFINITION = new ConfigDef()
            .define(
                    PORT,
                    Type.INT,
                    0,
                    Rules.between(0, 65_535),
                    Importance.MEDIUM,
                    "Port that answers /metrics (Prometheus), /healthz and /readyz; 0 opens none. Each process of a"
                            + " machine needs its own.")
            .define(
                    HOST,
                    Type.STRING,
                    "127.0.0.1",
                    Rules.notBlank(),
                    Importance.LOW,
                    "Address the metrics server listens on. It answers without asking who is there and gives away no"
                            + " picture, caption or secret; let Prometheus alone reach any but a loopback address.");

    /**
     * From properties.
     *
     * @throws dev.realalign.runtime.UserErrorException for usage, with every problem
     */
    public static MetricsConfig from(Map<String, String> given) {
        ServiceConfig config = ServiceConfig.definedBy(DEFINITION).read(given);
        return new MetricsConfig(config.text(HOST), config.integer(PORT));
    }

    /** Whether anything listens. */
    public boolean isOn() {
        return port > 0;
    }
}
