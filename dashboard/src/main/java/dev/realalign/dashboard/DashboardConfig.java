package dev.realalign.dashboard;

import dev.realalign.dashboard.model.StageGroups;
import dev.realalign.runtime.BlobStore;
import dev.realalign.runtime.ClusterConfig;
import dev.realalign.runtime.ModelConfig;
import dev.realalign.runtime.Rules;
import dev.realalign.runtime.ServiceConfig;
import dev.realalign.runtime.StoreConfig;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigDef.Importance;
import org.apache.kafka.common.config.ConfigDef.Type;
import org.apache.kafka.common.config.types.Password;

/**
 * Configuration of the dashboard.
 *
 * @param cluster how to reach brokers and registry
 * @param model model line it shows
 * @param groups groups under which the line's stages are seen
 * @param host address to listen on
 * @param port port to listen on, 0 for any free one
 * @param orAnyFree whether any free port will do when that one is taken
 * @param token token that whoever looks must show, where there is one
 * @param history file of past lag and rates
 * @param historySpan how far back it reaches
 * @param samples folder of sample pictures, where there is one
 * @param blobs store of images that travel by reference, where this process can reach it
 */
public record DashboardConfig(
        ClusterConfig cluster,
        String model,
        StageGroups groups,
        String host,
        int port,
        boolean orAnyFree,
        Optional<String> token,
        Path history,
        Duration historySpan,
        Optional<Path> samples,
        Optional<BlobStore> blobs) {
    /** Address to listen on. */
    public static final String HOST = "dashboard.host";
    /** Port to listen on. */
    public static final String PORT = "dashboard.port";
    /** Token that whoever looks must show. */
    public static final String TOKEN = "dashboard.token";
    /** File of past lag and rates. */
    public static final String HISTORY = "dashboard.history.file";
    /** How far back it reaches. */
    public static final String HISTORY_MS = "dashboard.history.ms";
    /** Folder of sample pictures. */
    public static final String SAMPLES = "dashboard.samples.dir";
    /** Port unless another is named. */
    public static final int DEFAULT_PORT = 8470;

    private static final int SHORTEST_TOKEN = 16;
    private static final Duration SHORTEST_HISTORY = Duration.ofMinutes(10);
    private static final Duration LONGEST_HISTORY = Duration.ofDays(14);

    /** Keys of the dashboard alone. */
    public static final ConfigDef DEFINITION = new ConfigDef()
            .define(
                    HOST,
                    Type.STRING,
                    "127.0.0.1",
                    Rules.notBlank(),
                    Importance.MEDIUM,
                    "Address the dashboard listens on. Any but a loopback address needs dashboard.token, and TLS from a"
                            + " proxy in front.")
            .define(
                    PORT,
                    Type.INT,
                    DEFAULT_PORT,
                    Rules.between(0, 65_535),
                    Importance.MEDIUM,
                    "Port the dashboard listens on; 0 for any free one.")
            .define(
                    TOKEN,
                    Type.PASSWORD,
                    null,
                    Importance.MEDIUM,
                    "Token that whoever looks must show, as \"Authorization: Bearer TOKEN\" or in the page's own form; at least"
                            + " " + SHORTEST_TOKEN + " characters.")
            .define(
                    HISTORY,
                    Type.STRING,
                    "data/dashboard/history.ring",
                    Rules.notBlank(),
                    Importance.MEDIUM,
                    "File of past lag and rates; its size is fixed when it is made. One process at a time may use it.")
            .define(
                    HISTORY_MS,
                    Type.LONG,
                    Duration.ofHours(24).toMillis(),
                    Rules.between(SHORTEST_HISTORY.toMillis(), LONGEST_HISTORY.toMillis()),
                    Importance.LOW,
                    "How far back that file reaches, at a sample every 10 seconds. Another value begins a new file.")
            .define(
                    SAMPLES,
                    Type.STRING,
                    null,
                    Importance.LOW,
                    "Folder of sample pictures of versions, such as 00000004/index.json with the pictures beside it; without"
                            + " one the page shows none.");

    /**
     * From properties.
     *
     * @param groups groups under which the line's stages are seen
     * @throws dev.realalign.runtime.UserErrorException for usage, with every problem
     */
    public static DashboardConfig from(Map<String, String> given, StageGroups groups) {
        ServiceConfig config = ServiceConfig.definedBy(ClusterConfig.DEFINITION, ModelConfig.DEFINITION, DEFINITION)
                .rule(
                        List.of(HOST),
                        c -> c.secret(TOKEN).isPresent() || isLoopback(c.text(HOST)),
                        "anybody who reaches this address could see the pictures: set " + TOKEN
                                + ", or listen on 127.0.0.1")
                .rule(
                        List.of(TOKEN),
                        c -> c.secret(TOKEN)
                                .map(token -> token.value().length() >= SHORTEST_TOKEN)
                                .orElse(true),
                        "a shorter one can be guessed: give at least " + SHORTEST_TOKEN + " characters")
                .read(given);
        return new DashboardConfig(
                ClusterConfig.from(config),
                ModelConfig.name(config),
                groups,
                config.text(HOST),
                config.integer(PORT),
                false,
                config.secret(TOKEN).map(Password::value),
                Path.of(config.text(HISTORY)),
                config.duration(HISTORY_MS),
                config.optionalText(SAMPLES).map(Path::of),
                Optional.ofNullable(given.get(StoreConfig.BLOB_STORE))
                        .map(URI::create)
                        .map(BlobStore::open));
    }

    /** The same, on any free port when the wanted one is taken. */
    public DashboardConfig orAnyFreePort() {
        return new DashboardConfig(
                cluster, model, groups, host, port, true, token, history, historySpan, samples, blobs);
    }

    private static boolean isLoopback(String host) {
        try {
            return InetAddress.getByName(host).isLoopbackAddress();
        } catch (UnknownHostException e) {
            return false;
        }
    }

    /** Names no token: it is a secret. */
    @Override
    public String toString() {
        return "dashboard of " + model + " on " + host + ":" + port + (token.isPresent() ? " with a token" : "");
    }
}
