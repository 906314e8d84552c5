package dev.realalign.app.feed;

import dev.realalign.runtime.Rules;
import dev.realalign.runtime.ServiceConfig;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigDef.Importance;
import org.apache.kafka.common.config.ConfigDef.Type;
import org.apache.kafka.common.config.types.Password;

/**
 * What the HTTP door needs to know.
 *
 * @param host address it listens on
 * @param token bearer token that every request must carry, where there is one
 * @param memoryBytes bytes of all bodies together that are held at once
 * @param clients requests that are read at once; more wait
 * @param timeout longest time for a body to come in
 * @param maxBytes largest picture, in bytes
 */
public record HttpDoorConfig(
        String host, Optional<String> token, long memoryBytes, int clients, Duration timeout, int maxBytes) {
    /** Address to listen on. */
    public static final String HOST = "feed.http.host";
    /** Token that requests must carry. */
    public static final String TOKEN = "feed.http.token";
    /** Memory for bodies. */
    public static final String MEMORY_BYTES = "feed.http.memory.bytes";
    /** Requests read at once. */
    public static final String CLIENTS = "feed.http.clients";
    /** Longest time for a body. */
    public static final String TIMEOUT_MS = "feed.http.timeout.ms";

    /** Keys of the HTTP door alone. */
    public static final ConfigDef DEFINITION = new ConfigDef()
            .define(
                    HOST,
                    Type.STRING,
                    "127.0.0.1",
                    Rules.notBlank(),
                    Importance.MEDIUM,
                    "Address the HTTP door listens on. Any but a loopback address needs feed.http.token, and TLS from a"
                            + " proxy in front.")
            .define(
                    TOKEN,
                    Type.PASSWORD,
                    null,
                    Importance.MEDIUM,
                    "Token that every request must carry as \"Authorization: Bearer TOKEN\".")
            .define(
                    MEMORY_BYTES,
                    Type.LONG,
                    256L * 1024 * 1024,
                    Rules.between(64 * 1024, 1L << 40),
                    Importance.MEDIUM,
                    "Memory for the bodies of all requests together; a request that finds no room is answered with 429. A"
                            + " form takes twice its size. Bodies that could never fit are answered with 413.")
            .define(
                    CLIENTS,
                    Type.INT,
                    128,
                    Rules.between(1, 10_000),
                    Importance.LOW,
                    "Requests that are read at once, each with a thread; more wait for their turn.")
            .define(
                    TIMEOUT_MS,
                    Type.LONG,
                    60_000L,
                    Rules.between(100, 3_600_000L),
                    Importance.LOW,
                    "Longest time for a request to come in; a slower one is cut off and its memory freed.");

    /**
     * From properties.
     *
     * @throws dev.realalign.runtime.UserErrorException for usage, with every problem
     */
    public static HttpDoorConfig from(Map<String, String> given) {
        ServiceConfig config = ServiceConfig.definedBy(DEFINITION, FeedConfig.DEFINITION)
                .rule(
                        List.of(HOST),
                        c -> c.secret(TOKEN).isPresent() || isLoopback(c.text(HOST)),
                        "anybody who reaches this address could feed pictures: set " + TOKEN
                                + ", or listen on 127.0.0.1")
                .read(given);
        return new HttpDoorConfig(
                config.text(HOST),
                config.secret(TOKEN).map(Password::value),
                config.longInteger(MEMORY_BYTES),
                config.integer(CLIENTS),
                config.duration(TIMEOUT_MS),
                config.integer(FeedConfig.READ_MAX_BYTES));
    }

    private static boolean isLoopback(String host) {
        try {
            return InetAddress.getByName(host).isLoopbackAddress();
        } catch (UnknownHostException e) {
            return false;
        }
    }
}
