package dev.realalign.tests.containers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The compose files as {@code docker/up config} reads them; that needs Compose, but no engine. */
class ComposeFilesTest {
    private static final Path UP = Path.of(System.getProperty("realalign.home"), "docker", "up");

    @ParameterizedTest(name = "{0} brokers, profiles {1}")
    @CsvSource({"1,''", "1,'observe,feed'", "3,''", "3,'observe,feed'"})
    void everyCombinationIsValid(String brokers, String profiles) throws Exception {
        assumeTrue(hasCompose(), "not checked: there is neither \"docker compose\" nor docker-compose on this machine");

        Answer answer = ask(
                Map.of("BROKERS", brokers, "COMPOSE_PROFILES", profiles, "PROMETHEUS_IMAGE", "prometheus-here"),
                UP.toString(),
                "config");

        assertThat(answer.code()).as(answer.text()).isZero();
        assertThat(answer.text())
                .contains("\n  curator:", "\n  trainer:", "\n  publisher:", "\n  negatives:", "\n  dashboard:")
                .matches(text -> text.contains("KAFKA_MIN_INSYNC_REPLICAS") == brokers.equals("3"))
                // older ones print services of other profiles too
                .matches(text -> text.contains("image: prometheus-here") || profiles.isEmpty());
    }

    @Test
    void anotherNumberOfBrokersIsRefused() throws Exception {
        assumeTrue(hasCompose(), "not checked: there is neither \"docker compose\" nor docker-compose on this machine");

        Answer answer = ask(Map.of("BROKERS", "2"), UP.toString(), "config");

        assertThat(answer).isEqualTo(new Answer(2, "docker/up: BROKERS is 2: it can be 1 or 3.\n"));
    }

    private record Answer(int code, String text) {}

    private static boolean hasCompose() throws Exception {
        return ask(Map.of(), "sh", "-c", "docker compose version || command -v docker-compose")
                        .code()
                == 0;
    }

    private static Answer ask(Map<String, String> environment, String... command)
            throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(List.of(command)).redirectErrorStream(true);
        builder.environment().putAll(environment);
        Process process = builder.start();
        process.getOutputStream().close();
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).as(text).isTrue();
        return new Answer(process.exitValue(), text);
    }
}
