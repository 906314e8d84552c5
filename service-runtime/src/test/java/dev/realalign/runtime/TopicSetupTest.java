package dev.realalign.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.realalign.schemas.Topics;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What stands between a service and its brokers; what happens when nothing does is tested on a real broker. */
class TopicSetupTest {
    private static UserErrorException prepare(Map<String, String> given) {
        Map<String, String> all =
                new HashMap<>(Map.of("schema.registry.url", "mock://topics", "cluster.timeout.ms", "1500"));
        all.putAll(given);
        long start = System.nanoTime();
        UserErrorException error = catchThrowableOfType(
                UserErrorException.class, () -> ClusterSetup.prepare(ClusterConfig.from(all), Topics.all()));
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(15));
        return error;
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    @Test
    void a_broker_that_is_not_there_is_named_in_time() throws IOException {
        String broker = "127.0.0.1:" + freePort();

        UserErrorException error = prepare(Map.of("bootstrap.servers", broker));

        assertThat(error.exitCode()).isEqualTo(UserErrorException.FAILURE);
        assertThat(error.problems())
                .containsExactly(
                        "no broker answers at " + broker + " within 1.5 s. Start it, correct bootstrap.servers, or"
                                + " check that security.protocol is what the listener speaks.");
    }

    @Test
    void a_server_that_is_no_broker_is_named_in_time() throws IOException {
        try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            String broker = "127.0.0.1:" + silent.getLocalPort();

            assertThat(prepare(Map.of("bootstrap.servers", broker)).problems().get(0))
                    .startsWith("no broker answers at " + broker + " within 1.5 s.");
        }
    }

    @Test
    void a_name_nobody_knows_is_a_wrong_setting() {
        UserErrorException error = prepare(Map.of("bootstrap.servers", "no-such-host.invalid:9092"));

        assertThat(error.exitCode()).isEqualTo(UserErrorException.USAGE);
        assertThat(error.problems())
                .containsExactly(
                        "the settings for brokers at no-such-host.invalid:9092 cannot be used: No resolvable"
                                + " bootstrap urls given in bootstrap.servers. Check bootstrap.servers and the security settings.");
    }

    @Test
    void security_settings_that_contradict_each_other_are_named() {
        UserErrorException error = prepare(Map.of(
                "bootstrap.servers",
                "127.0.0.1:9092",
                "security.protocol",
                "SSL",
                "ssl.truststore.location",
                "/no/such"));

        assertThat(error.problems()).hasSize(1);
        assertThat(error.problems().get(0))
                .startsWith("the settings for brokers at 127.0.0.1:9092 cannot be used: ")
                .contains("/no/such")
                .endsWith(". Check bootstrap.servers and the security settings.");
    }

    @Test
    void lag_of_a_broker_that_is_not_there_is_a_sentence_too() throws IOException {
        String broker = "127.0.0.1:" + freePort();
        ClusterConfig cluster = ClusterConfig.from(Map.of(
                "bootstrap.servers", broker, "schema.registry.url", "mock://topics", "cluster.timeout.ms", "1500"));
        try (LagSampler sampler = new LagSampler(cluster)) {
            UserErrorException error = catchThrowableOfType(
                    UserErrorException.class, () -> sampler.sample(LagTarget.Choice.EVERY_GROUP, List.of()));

            assertThat(error.problems().get(0)).startsWith("no broker answers at " + broker + " within 1.5 s.");
        }
    }
}
