package dev.realalign.app.metrics;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.realalign.runtime.UserErrorException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Answers {@code /metrics}, {@code /healthz} and {@code /readyz}. */
public final class MetricsServer implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(MetricsServer.class);
    private static final int THREADS = 2;
    private static final int WAITING = 16;
    private static final String METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8";
    private static final String WORDS_TYPE = "text/plain; charset=utf-8";

    private final Supplier<String> metrics;
    private final Supplier<Health> health;
    private final HttpServer server;
    private final ExecutorService threads;

    /**
     * Starts listening.
     *
     * @param metrics the metrics in Prometheus' text format
     * @param health how the process fares
     * @throws UserErrorException for usage, when it cannot listen there
     */
    public MetricsServer(MetricsConfig config, Supplier<String> metrics, Supplier<Health> health) {
        this.metrics = metrics;
        this.health = health;
        try {
            server = HttpServer.create(new InetSocketAddress(config.host(), config.port()), WAITING);
        } catch (IOException | IllegalArgumentException e) {
            throw UserErrorException.usage("the metrics cannot be served on " + config.host() + ":" + config.port()
                    + " (" + e.getMessage() + "): choose another " + MetricsConfig.PORT + " or " + MetricsConfig.HOST
                    + ", or free that one.");
        }
        threads = Executors.newFixedThreadPool(THREADS, work -> {
            Thread thread = new Thread(work, "metrics");
            thread.setDaemon(true);
            return thread;
        });
        server.setExecutor(threads);
        server.createContext("/", this::answer);
        server.start();
        log.info("metrics are served on http://{}:{}/metrics", config.host(), port());
    }

    /** The port it listens on. */
    public int port() {
        return server.getAddress().getPort();
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            String method = exchange.getRequestMethod();
            if (!method.equals("GET") && !method.equals("HEAD")) {
                exchange.getResponseHeaders().set("Allow", "GET, HEAD");
                send(exchange, 405, WORDS_TYPE, "only GET and HEAD\n");
                return;
            }
            switch (exchange.getRequestURI().getPath()) {
                case "/metrics" -> send(exchange, 200, METRICS_TYPE, metrics.get());
                case "/healthz" -> {
                    Health now = health.get();
                    send(exchange, now.alive() ? 200 : 503, WORDS_TYPE, now.explanation() + "\n");
                }
                case "/readyz" -> {
                    Health now = health.get();
                    send(exchange, now.ready() ? 200 : 503, WORDS_TYPE, now.explanation() + "\n");
                }
                default -> send(exchange, 404, WORDS_TYPE, "try /metrics, /healthz or /readyz\n");
            }
        } catch (RuntimeException e) {
            log.warn("a request for metrics failed", e);
            throw e;
        }
    }

    private static void send(HttpExchange exchange, int code, String type, String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", type);
        if (exchange.getRequestMethod().equals("HEAD")) {
            exchange.sendResponseHeaders(code, -1);
            return;
        }
        exchange.sendResponseHeaders(code, bytes.length);
        exchange.getResponseBody().write(bytes);
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }
}
