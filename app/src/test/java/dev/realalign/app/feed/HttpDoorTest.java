package dev.realalign.app.feed;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.realalign.runtime.UserErrorException;
import dev.realalign.schemas.ImageId;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.errors.TimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HttpDoorTest {
    private static final byte[] PICTURE = "not looked at by the door".getBytes(UTF_8);

    /** What reached the feeder. */
    private record Fed(byte[] original, String source, Note note) {}

    private final List<Fed> fed = new ArrayList<>();
    private final FeedTally tally = new FeedTally();
    private CompletableFuture<Void> broker = CompletableFuture.completedFuture(null);
    private HttpDoor door = open(Map.of());

    private HttpDoor open(Map<String, String> settings) {
        Map<String, String> given = new HashMap<>(Map.of("feed.read.max.bytes", "1000"));
        given.putAll(settings);
        return new HttpDoor(
                HttpDoorConfig.from(given),
                0,
                new Note("a default", ImageFacts.UNKNOWN),
                (original, source, note) -> {
                    synchronized (fed) {
                        fed.add(new Fed(original, source, note));
                    }
                    return broker.thenApply(done -> ImageId.of(original));
                },
                tally);
    }

    private void reopen(Map<String, String> settings) {
        door.close();
        door = open(settings);
    }

    @AfterEach
    void close() {
        door.close();
    }

    @Test
    void a_raw_picture_is_fed_with_the_facts_of_its_headers() throws Exception {
        HttpResponse<String> answer = send(post(PICTURE, "image/jpeg")
                .header("RealAlign-Caption", "100%25 f%C3%BCr alle")
                .header("RealAlign-Source", "https://example.org/a.jpg")
                .header("RealAlign-Opt-Out", "noai; tdm-reservation=1")
                .header("RealAlign-Event-Time", "2026-01-31"));

        assertThat(answer.statusCode()).isEqualTo(202);
        assertThat(answer.body())
                .isEqualTo("{\"imageId\":\"" + ImageId.of(PICTURE).hex() + "\"}");
        assertThat(fed).hasSize(1);
        assertThat(fed.get(0).original).isEqualTo(PICTURE);
        assertThat(fed.get(0).source).isEqualTo("https://example.org/a.jpg");
        assertThat(fed.get(0).note.caption()).isEqualTo("100% für alle");
        assertThat(fed.get(0).note.facts().optOut()).containsExactly("noai", "tdm-reservation=1");
        assertThat(fed.get(0).note.facts().eventTime()).contains(Instant.parse("2026-01-31T00:00:00Z"));
        assertThat(tally.numbers()).isEqualTo(new FeedTally.Numbers(1, 1, PICTURE.length, 0, 0));
    }

    @Test
    void a_form_is_fed_with_the_facts_of_its_fields() throws Exception {
        byte[] form = DoorsTest.form(PICTURE, Map.of("licence", "CC0", "unknown", "ignored"));

        assertThat(send(post(form, "multipart/form-data; boundary=\"xYz\"")).statusCode())
                .isEqualTo(202);
        assertThat(fed.get(0).original).isEqualTo(PICTURE);
        assertThat(fed.get(0).source).isEqualTo("a.png");
        assertThat(fed.get(0).note.caption()).isEqualTo("a default");
        assertThat(fed.get(0).note.facts().licence()).contains("CC0");
    }

    @Test
    void the_answer_waits_for_the_broker() throws Exception {
        broker = new CompletableFuture<>();
        CompletableFuture<HttpResponse<String>> answer =
                HttpClient.newHttpClient().sendAsync(post(PICTURE, "image/png").build(), BodyHandlers.ofString());

        assertThat(answer.completeOnTimeout(null, 200, TimeUnit.MILLISECONDS)
                        .copy()
                        .get())
                .isNull();
        assertThat(tally.numbers().fed()).isZero();
        broker.complete(null);
    }

    @Test
    void a_broker_that_does_not_take_it_is_503_and_nothing_is_counted() throws Exception {
        broker = CompletableFuture.failedFuture(new TimeoutException("no replica answered"));

        HttpResponse<String> answer = send(post(PICTURE, "image/png"));

        assertThat(answer.statusCode()).isEqualTo(503);
        assertThat(answer.headers().firstValue("Retry-After")).contains("2");
        assertThat(answer.body()).contains("no replica answered");
        assertThat(tally.numbers().fed()).isZero();
    }

    @ParameterizedTest(name = "{0} {1} as {2}: {3}")
    @CsvSource({
        "POST, /images, text/plain, 415",
        "POST, /images, '', 415",
        "POST, /images, application/json, 415",
        "POST, /images, multipart/form-data, 400",
        "POST, /images, multipart/form-data; boundary=other, 400",
        "POST, /images, IMAGE/PNG; q=1, 202",
        "POST, /images, application/octet-stream, 202",
        "GET, /images, image/png, 405",
        "PUT, /images, image/png, 405",
        "POST, /, image/png, 404",
        "POST, /images/../etc, image/png, 404",
    })
    void a_request_that_is_none_is_told_why(String method, String path, String contentType, int status)
            throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + door.port() + path))
                .method(method, BodyPublishers.ofByteArray(PICTURE));
        HttpResponse<String> answer =
                send(contentType.isEmpty() ? request : request.header("Content-Type", contentType));

        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
        assertThat(fed).hasSize(status == 202 ? 1 : 0);
    }

    @ParameterizedTest(name = "{0}: {1} is {2}")
    @CsvSource({
        "RealAlign-Caption, 100%, 400, 'the header Realalign-caption has a % without two hexadecimal digits: write it as %25'",
        "RealAlign-Caption, %C3%28, 400, the header Realalign-caption is not percent-encoded UTF-8",
        "RealAlign-Event-Time, yesterday, 400, 'event_time is \\\"yesterday\\\": write a date such as 2026-01-31, or a time such as 2026-01-31T12:00:00Z'",
        "Origin, https://evil.example, 403, web pages of other origins may not feed pictures",
    })
    void a_header_that_cannot_be_used_is_named(String name, String value, int status, String error) throws Exception {
        HttpResponse<String> answer = send(post(PICTURE, "image/png").header(name, value));

        assertThat(answer.statusCode()).isEqualTo(status);
        assertThat(answer.body()).isEqualTo("{\"error\":\"" + error + "\"}");
        assertThat(fed).isEmpty();
    }

    @Test
    void a_picture_above_the_limit_is_413_before_it_is_read() throws Exception {
        assertThat(send(post(new byte[1000], "image/png")).statusCode()).isEqualTo(202);
        HttpResponse<String> answer = send(post(new byte[1001], "image/png"));

        assertThat(answer.statusCode()).isEqualTo(413);
        assertThat(answer.body()).isEqualTo("{\"error\":\"the body has 1001 bytes, at most 1000 are taken\"}");
        assertThat(send(post(DoorsTest.form(new byte[1001], Map.of()), "multipart/form-data; boundary=xYz"))
                        .statusCode())
                .isEqualTo(413);
        assertThat(door.mostMemoryUsed())
                .as("forms are read to know their picture")
                .isLessThan(4000);
    }

    @Test
    void a_body_without_a_length_is_411() throws Exception {
        HttpResponse<String> answer = send(HttpRequest.newBuilder(address())
                .header("Content-Type", "image/png")
                .POST(BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(PICTURE))));

        assertThat(answer.statusCode()).isEqualTo(411);
    }

    @Test
    void a_token_is_asked_for_where_one_is_set() throws Exception {
        reopen(Map.of("feed.http.token", "s3cret"));

        assertThat(send(post(PICTURE, "image/png")).statusCode()).isEqualTo(401);
        assertThat(send(post(PICTURE, "image/png").header("Authorization", "Bearer wrong"))
                        .statusCode())
                .isEqualTo(401);
        assertThat(send(post(PICTURE, "image/png").header("Authorization", "Bearer s3cret"))
                        .statusCode())
                .isEqualTo(202);
    }

    @Test
    void an_address_beyond_this_machine_needs_a_token() {
        assertThatThrownBy(() -> HttpDoorConfig.from(Map.of("feed.http.host", "0.0.0.0")))
                .isInstanceOf(UserErrorException.class)
                .hasMessageContaining("set feed.http.token, or listen on 127.0.0.1");
        assertThat(HttpDoorConfig.from(Map.of("feed.http.host", "0.0.0.0", "feed.http.token", "x"))
                        .token())
                .isEqualTo(Optional.of("x"));
        assertThat(HttpDoorConfig.from(Map.of()).host()).isEqualTo("127.0.0.1");
    }

    @Test
    void a_port_that_is_taken_is_named() {
        assertThatThrownBy(() -> new HttpDoor(
                        HttpDoorConfig.from(Map.of()),
                        door.port(),
                        Note.NONE,
                        (a, b, c) -> broker.thenApply(x -> null),
                        tally))
                .hasMessageStartingWith("The HTTP door cannot listen on 127.0.0.1:" + door.port() + " (")
                .hasMessageEndingWith("): choose another port.");
    }

    @Test
    void a_client_that_is_too_slow_is_cut_off_and_its_memory_freed() throws Exception {
        reopen(Map.of(
                "feed.http.timeout.ms", "200", "feed.http.memory.bytes", "65536", "feed.read.max.bytes", "65536"));
        try (Socket slow = request(65_536)) {
            assertThat(slow.getInputStream().read()).as("the connection ends").isEqualTo(-1);
        }
        assertThat(send(post(new byte[65_536], "image/png")).statusCode()).isEqualTo(202);
    }

    @Test
    void sixty_four_slow_clients_share_the_memory_and_the_rest_are_429() throws Exception {
        int body = 50_000;
        reopen(Map.of("feed.http.memory.bytes", "500000", "feed.read.max.bytes", "65536"));
        List<Future<Integer>> answers = new ArrayList<>();
        ExecutorService clients = Executors.newFixedThreadPool(64);
        for (int i = 0; i < 64; i++) {
            answers.add(clients.submit(() -> slowly(body, Duration.ofMillis(300))));
        }
        List<Integer> statuses = new ArrayList<>();
        for (Future<Integer> answer : answers) {
            statuses.add(answer.get());
        }
        clients.shutdown();

        assertThat(statuses).containsOnly(202, 429).contains(429);
        assertThat(statuses.stream().filter(status -> status == 202)).hasSizeGreaterThanOrEqualTo(10);
        assertThat(fed)
                .hasSize((int) statuses.stream().filter(status -> status == 202).count());
        assertThat(door.mostMemoryUsed()).isEqualTo(500_000);
    }

    @Test
    @Timeout(30)
    void closing_waits_for_the_request_in_hand_and_for_nothing_else() throws Exception {
        reopen(Map.of("feed.read.max.bytes", "65536"));
        ExecutorService client = Executors.newSingleThreadExecutor();
        Future<Integer> answer = client.submit(() -> slowly(50_000, Duration.ofMillis(600)));
        while (door.mostMemoryUsed() == 0) {
            Thread.sleep(5);
        }

        reopen(Map.of());
        assertThat(answer.get()).isEqualTo(202);
        client.shutdown();

        long begin = System.nanoTime();
        reopen(Map.of());
        assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(1));
    }

    /** Sends a body in ten parts over this time; the status, 429 also where the answer came before the end. */
    private int slowly(int length, Duration time) throws Exception {
        try (Socket socket = request(length)) {
            OutputStream out = socket.getOutputStream();
            try {
                for (int i = 0; i < 10; i++) {
                    out.write(new byte[length / 10]);
                    Thread.sleep(time.toMillis() / 10);
                }
            } catch (IOException refusedEarly) {
                return 429;
            }
            return status(socket);
        }
    }

    private Socket request(int length) throws IOException {
        Socket socket = new Socket("127.0.0.1", door.port());
        socket.setSoTimeout(20_000);
        socket.getOutputStream()
                .write(("POST /images HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: " + length
                                + "\r\n\r\n")
                        .getBytes(UTF_8));
        return socket;
    }

    private static int status(Socket socket) throws IOException {
        String line = new BufferedReader(new InputStreamReader(socket.getInputStream(), UTF_8)).readLine();
        return line == null ? 429 : Integer.parseInt(line.split(" ")[1]);
    }

    private URI address() {
        return URI.create("http://127.0.0.1:" + door.port() + "/images");
    }

    private HttpRequest.Builder post(byte[] body, String contentType) {
        return HttpRequest.newBuilder(address())
                .header("Content-Type", contentType)
                .POST(BodyPublishers.ofByteArray(body));
    }

    private static HttpResponse<String> send(HttpRequest.Builder request) throws Exception {
        return HttpClient.newHttpClient().send(request.build(), BodyHandlers.ofString());
    }
}
