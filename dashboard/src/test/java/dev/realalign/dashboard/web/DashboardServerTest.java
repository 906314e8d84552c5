package dev.realalign.dashboard.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.realalign.dashboard.model.StageGroups;
import dev.realalign.dashboard.model.StreamState;
import dev.realalign.runtime.UserErrorException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class DashboardServerTest {
    private static final String TOKEN = "correct horse battery";

    private final HttpClient client = HttpClient.newHttpClient();
    private final List<DashboardServer> started = new ArrayList<>();
    private final StreamState state =
            new StreamState("tiny", new StageGroups(Map.of()), "broker:9092", "http://registry", 1_000, Instant.EPOCH);

    @AfterEach
    void stop() {
        started.forEach(DashboardServer::close);
    }

    private DashboardServer start(Optional<String> token, int port, boolean orAnyFree) {
        PageSource source = new PageSource() {
            @Override
            public String history(Duration reach) {
                return "[" + reach.toSeconds() + "]";
            }

            @Override
            public Optional<byte[]> triplePicture(String key, String name) {
                return key.equals("0-1") && name.equals("real") ? Optional.of(new byte[] {1, 2, 3}) : Optional.empty();
            }

            @Override
            public Optional<byte[]> rejectedPicture(int partition, long offset) {
                return Optional.empty();
            }
        };
        DashboardServer server = DashboardServer.start(
                "127.0.0.1",
                port,
                orAnyFree,
                new AccessRule(token),
                new EventHub(state, Clock.systemUTC()),
                source,
                new SampleFolder(Optional.empty()));
        started.add(server);
        return server;
    }

    private HttpResponse<String> get(DashboardServer server, String path, String... headers)
            throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(server.address().resolve(path));
        if (headers.length > 0) {
            request.headers(headers);
        }
        return client.send(request.build(), BodyHandlers.ofString());
    }

    @Test
    void thePageLoadsNothingFromAnywhereElse() throws Exception {
        HttpResponse<String> page = get(start(Optional.empty(), 0, false), "/");
        assertThat(page.statusCode()).isEqualTo(200);
        assertThat(page.headers().firstValue("Content-Security-Policy")).hasValueSatisfying(policy -> assertThat(policy)
                .contains("default-src 'none'", "script-src 'self'")
                .doesNotContain("unsafe"));
        assertThat(page.headers().firstValue("X-Content-Type-Options")).contains("nosniff");
        assertThat(page.body()).doesNotContain("http://", "https://", "onclick", "<style");
    }

    @Test
    void everyFileThePageNamesIsServed() throws Exception {
        DashboardServer server = start(Optional.empty(), 0, false);
        for (String name : List.of("main.js", "chart.js", "style.css", "mark.svg")) {
            assertThat(get(server, "/assets/" + name).statusCode()).as(name).isEqualTo(200);
        }
        for (String name : List.of("/assets/../DashboardServer.class", "/assets/none.js", "/api/none")) {
            assertThat(get(server, name).statusCode()).as(name).isIn(400, 404);
        }
    }

    @Test
    void aWrongTokenIsA401WithoutDetailAndTheRightOneIsNot() throws Exception {
        DashboardServer server = start(Optional.of(TOKEN), 0, false);
        for (String[] headers :
                new String[][] {{}, {"Authorization", "Bearer wrong"}, {"Cookie", "realalign-dashboard=x"}}) {
            HttpResponse<String> refused = get(server, "/api/history?seconds=5", headers);
            assertThat(refused.statusCode()).isEqualTo(401);
            assertThat(refused.body()).isEmpty();
        }
        assertThat(get(server, "/api/history?seconds=5", "Authorization", "Bearer " + TOKEN)
                        .body())
                .isEqualTo("[5]");
        assertThat(get(server, "/").statusCode()).isEqualTo(200);
    }

    @Test
    void whoShowsTheTokenGetsACookieThatScriptsCannotReadAndOtherSitesCannotSend() throws Exception {
        DashboardServer server = start(Optional.of(TOKEN), 0, false);
        URI session = server.address().resolve("/api/session");
        HttpResponse<String> answer = client.send(
                HttpRequest.newBuilder(session)
                        .POST(HttpRequest.BodyPublishers.noBody())
                        .header("Authorization", "Bearer " + TOKEN)
                        .build(),
                BodyHandlers.ofString());
        assertThat(answer.statusCode()).isEqualTo(204);
        String cookie = answer.headers().firstValue("Set-Cookie").orElseThrow();
        assertThat(cookie).contains("HttpOnly", "SameSite=Strict").doesNotContain("horse");
        assertThat(get(server, "/api/samples", "Cookie", cookie.split(";", 2)[0])
                        .body())
                .isEqualTo("[]");
        HttpResponse<String> wrong = client.send(
                HttpRequest.newBuilder(session)
                        .POST(HttpRequest.BodyPublishers.noBody())
                        .header("Authorization", "Bearer wrong")
                        .build(),
                BodyHandlers.ofString());
        assertThat(wrong.statusCode()).isEqualTo(401);
        assertThat(wrong.headers().firstValue("Set-Cookie")).isEmpty();
    }

    @Test
    void aRequestUnderAStrangersNameIsNotAnswered() throws Exception {
        DashboardServer server = start(Optional.empty(), 0, false);
        try (Socket socket = new Socket("127.0.0.1", server.address().getPort())) {
            OutputStream out = socket.getOutputStream();
            out.write("GET /api/samples HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"
                    .getBytes(StandardCharsets.UTF_8));
            out.flush();
            assertThat(new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8))
                            .readLine())
                    .startsWith("HTTP/1.1 421");
        }
    }

    @Test
    void picturesAreServedAsWhatTheyAreAndMissingOnesAreNoError() throws Exception {
        DashboardServer server = start(Optional.empty(), 0, false);
        HttpResponse<String> picture = get(server, "/api/triples/0-1/real.png");
        assertThat(picture.headers().firstValue("Content-Type")).contains("image/png");
        assertThat(get(server, "/api/triples/0-1/mask.png").statusCode()).isEqualTo(404);
        assertThat(get(server, "/api/rejections/0-1.png").statusCode()).isEqualTo(204);
    }

    @Test
    void nothingCanBeChanged() throws Exception {
        DashboardServer server = start(Optional.empty(), 0, false);
        HttpResponse<String> answer = client.send(
                HttpRequest.newBuilder(server.address().resolve("/api/history"))
                        .DELETE()
                        .build(),
                BodyHandlers.ofString());
        assertThat(answer.statusCode()).isEqualTo(405);
    }

    @Test
    void whoeverFollowsGetsEverySectionAtOnce() throws Exception {
        DashboardServer server = start(Optional.empty(), 0, false);
        HttpResponse<Stream<String>> events = client.send(
                HttpRequest.newBuilder(server.address().resolve("/api/events")).build(), BodyHandlers.ofLines());
        try (Stream<String> lines = events.body()) {
            assertThat(lines.filter(line -> line.startsWith("event: ")).limit(7))
                    .containsExactlyInAnyOrder(
                            "event: status",
                            "event: flow",
                            "event: lag",
                            "event: rejections",
                            "event: triples",
                            "event: training",
                            "event: versions");
        }
    }

    @Test
    void aTakenPortIsNamedOrLeftForAFreeOne() {
        int taken = start(Optional.empty(), 0, false).address().getPort();
        assertThatThrownBy(() -> start(Optional.empty(), taken, false))
                .isInstanceOf(UserErrorException.class)
                .hasMessageStartingWith("the dashboard cannot listen on 127.0.0.1:" + taken)
                .hasMessageEndingWith(": choose another dashboard.port or dashboard.host, or free that one.");
        assertThat(start(Optional.empty(), taken, true).address().getPort()).isNotEqualTo(taken);
    }
}
