package dev.realalign.app.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.realalign.runtime.UserErrorException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class MetricsServerTest {
    private static final MetricsConfig ANY_PORT = new MetricsConfig("127.0.0.1", 0);

    private static HttpResponse<String> get(MetricsServer server, String path) throws Exception {
        return send(server, path, "GET");
    }

    private static HttpResponse<String> send(MetricsServer server, String path, String method) throws Exception {
        return HttpClient.newHttpClient()
                .send(
                        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + path))
                                .method(method, HttpRequest.BodyPublishers.noBody())
                                .build(),
                        HttpResponse.BodyHandlers.ofString());
    }

    @Test
    void metrics_health_and_readiness_are_answered() throws Exception {
        AtomicReference<Health> health = new AtomicReference<>(new Health(true, false, "curator STARTING"));
        try (MetricsServer server = new MetricsServer(ANY_PORT, () -> "realalign_things 1.0\n", health::get)) {
            assertThat(get(server, "/metrics").body()).isEqualTo("realalign_things 1.0\n");
            assertThat(get(server, "/metrics").headers().firstValue("Content-Type"))
                    .hasValue("text/plain; version=0.0.4; charset=utf-8");
            assertThat(get(server, "/healthz").statusCode()).isEqualTo(200);
            assertThat(get(server, "/readyz").statusCode()).isEqualTo(503);
            assertThat(get(server, "/readyz").body()).isEqualTo("curator STARTING\n");

            health.set(new Health(true, true, "curator RUNNING"));
            assertThat(get(server, "/readyz").statusCode()).isEqualTo(200);

            health.set(new Health(false, false, "curator FAILED"));
            assertThat(get(server, "/healthz").statusCode()).isEqualTo(503);
            assertThat(get(server, "/healthz").body()).isEqualTo("curator FAILED\n");
        }
    }

    @Test
    void everything_else_is_refused() throws Exception {
        try (MetricsServer server = new MetricsServer(ANY_PORT, () -> "", () -> new Health(true, true, "x"))) {
            assertThat(get(server, "/").statusCode()).isEqualTo(404);
            assertThat(get(server, "/metrics/../secret").statusCode()).isEqualTo(404);
            assertThat(send(server, "/metrics", "POST").statusCode()).isEqualTo(405);
            assertThat(send(server, "/metrics", "HEAD").statusCode()).isEqualTo(200);
        }
    }

    @Test
    void a_port_in_use_is_named_with_the_key_to_change() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            UserErrorException error = catchThrowableOfType(
                    UserErrorException.class,
                    () -> new MetricsServer(
                            new MetricsConfig("127.0.0.1", taken.getLocalPort()),
                            () -> "",
                            () -> new Health(true, true, "x")));

            assertThat(error.exitCode()).isEqualTo(UserErrorException.USAGE);
            assertThat(error.problems().get(0))
                    .isEqualTo(
                            "the metrics cannot be served on 127.0.0.1:" + taken.getLocalPort()
                                    + " (Address already in use): choose another metrics.port or metrics.host, or free that one.");
        }
    }

    @Test
    void nothing_listens_unless_a_port_is_set() {
        assertThat(MetricsConfig.from(Map.of()).isOn()).isFalse();
        assertThat(MetricsConfig.from(Map.of("metrics.port", "9308"))).isEqualTo(new MetricsConfig("127.0.0.1", 9308));
        UserErrorException error = catchThrowableOfType(
                UserErrorException.class, () -> MetricsConfig.from(Map.of("metrics.port", "70000")));
        assertThat(error.problems().get(0)).startsWith("metrics.port is \"70000\": ");
    }
}
