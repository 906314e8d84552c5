package dev.realalign.app.feed;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.realalign.runtime.UserErrorException;
import dev.realalign.schemas.ImageId;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.common.KafkaException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Pictures by {@code POST /images}: as the raw body with facts in headers, or as a form. The answer 202 carries the image
 * id and comes once the broker has the record. Memory is bounded whatever clients do: a body gets room before a byte of it
 * is read, and a client that is too slow is cut off.
 */
public final class HttpDoor implements AutoCloseable {
    /** Where pictures go. */
    @FunctionalInterface
    interface Feed {
        /**
         * Feeds one picture.
         *
         * @throws IOException when the blob store cannot be written
         */
        CompletableFuture<ImageId> feed(byte[] original, String source, Note note) throws IOException;
    }

    private static final Logger log = LoggerFactory.getLogger(HttpDoor.class);
    private static final String PATH = "/images";
    private static final String HEADER_PREFIX = "RealAlign-";
    private static final String DEFAULT_SOURCE = "http";
    /** A form's texts and boundaries on top of its picture. */
    private static final int FORM_OVERHEAD_BYTES = 256 * 1024;

    private static final long RETRY_SECONDS = 2;
    private static final long LOOK_MS = 10;

    private final HttpDoorConfig config;
    private final Note defaults;
    private final Feed feed;
    private final FeedTally tally;
    private final BodyMemory memory;
    private final HttpServer server;
    private final ExecutorService workers;
    private final ScheduledExecutorService watch;
    private final AtomicInteger inHand = new AtomicInteger();
    private volatile boolean closing;

    /**
     * Opens the door.
     *
     * @param port port to listen on, 0 for any free one
     * @param defaults caption and facts of pictures that come without
     * @param tally where acknowledged pictures are counted
     * @throws UserErrorException when the address cannot be listened on
     */
    public HttpDoor(HttpDoorConfig config, int port, Note defaults, ImageFeeder feeder, FeedTally tally) {
        this(config, port, defaults, feeder::feed, tally);
    }

    HttpDoor(HttpDoorConfig config, int port, Note defaults, Feed feed, FeedTally tally) {
        this.config = config;
        this.defaults = defaults;
        this.feed = feed;
        this.tally = tally;
        this.memory = new BodyMemory(config.memoryBytes());
        setServerProperties();
        try {
            server = HttpServer.create(new InetSocketAddress(InetAddress.getByName(config.host()), port), 0);
        } catch (UnknownHostException e) {
            throw UserErrorException.usage(HttpDoorConfig.HOST + " is \"" + config.host()
                    + "\", which is no address of this machine: correct it or leave it out.");
        } catch (IOException e) {
            throw UserErrorException.usage("The HTTP door cannot listen on " + config.host() + ":" + port + " ("
                    + e.getMessage() + "): choose another port.");
        }
        workers = Executors.newFixedThreadPool(config.clients(), work -> daemon(work, "http-door"));
        watch = Executors.newSingleThreadScheduledExecutor(work -> daemon(work, "http-door-watch"));
        server.setExecutor(workers);
        server.createContext("/", this::handle);
        server.start();
    }

    /**
     * The JDK's server takes these from the system alone: how many seconds a request line and its headers may take, and
     * that answers are not held back to be joined.
     */
    private void setServerProperties() {
        String seconds = String.valueOf(Math.max(1, config.timeout().toSeconds()));
        setIfAbsent("sun.net.httpserver.maxReqTime", seconds);
        setIfAbsent("sun.net.httpserver.nodelay", "true");
    }

    private static void setIfAbsent(String property, String value) {
        if (System.getProperty(property) == null) {
            System.setProperty(property, value);
        }
    }

    private static Thread daemon(Runnable work, String name) {
        Thread thread = new Thread(work, name);
        thread.setDaemon(true);
        return thread;
    }

    /** The port it listens on. */
    public int port() {
        return server.getAddress().getPort();
    }

    /** Most bytes of bodies that were held at once so far. */
    long mostMemoryUsed() {
        return memory.mostUsed();
    }

    /** Stops taking pictures; requests that are being answered have two seconds to end. */
    @Override
    public void close() {
        closing = true;
        long latest = System.nanoTime() + TimeUnit.SECONDS.toNanos(RETRY_SECONDS);
        try {
            while (inHand.get() > 0 && System.nanoTime() < latest) {
                Thread.sleep(LOOK_MS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        server.stop(0); // with a delay it would wait for all of it, though nothing is in hand
        workers.shutdownNow();
        watch.shutdownNow();
    }

    /**
     * What a request is answered with.
     *
     * @param status HTTP status
     * @param field name of the one field of the JSON body
     * @param value its value
     * @param header one header more, where there is one
     */
    private record Answer(int status, String field, String value, Map<String, String> header) {
        static Answer accepted(ImageId id) {
            return new Answer(202, "imageId", id.hex(), Map.of());
        }

        static Answer refused(int status, String why) {
            return new Answer(status, "error", why, Map.of());
        }

        static Answer tryAgain(int status, String why) {
            return new Answer(status, "error", why, Map.of("Retry-After", String.valueOf(RETRY_SECONDS)));
        }
    }

    private void handle(HttpExchange exchange) {
        inHand.incrementAndGet();
        try (exchange) {
            Answer answer = answer(exchange);
            byte[] body = new JsonMapper().writeValueAsBytes(Map.of(answer.field, answer.value));
            exchange.getResponseHeaders().set("Content-Type", "application/json");
            answer.header.forEach(exchange.getResponseHeaders()::set);
            exchange.sendResponseHeaders(answer.status, body.length);
            try (OutputStream out = exchange.getResponseBody()) {
                out.write(body);
            }
        } catch (IOException e) {
            log.info("a request from {} ended early: {}", exchange.getRemoteAddress(), e.getMessage());
        } catch (RuntimeException e) {
            log.error("a request from {} failed", exchange.getRemoteAddress(), e);
        } finally {
            inHand.decrementAndGet();
        }
    }

    private Answer answer(HttpExchange exchange) throws IOException {
        if (closing) {
            return Answer.tryAgain(503, "the door is closing");
        }
        if (!exchange.getRequestURI().getPath().equals(PATH)) {
            return Answer.refused(404, "there is only POST " + PATH);
        }
        if (!exchange.getRequestMethod().equals("POST")) {
            return new Answer(405, "error", "there is only POST " + PATH, Map.of("Allow", "POST"));
        }
        if (header(exchange, "Origin") != null) {
            return Answer.refused(403, "web pages of other origins may not feed pictures");
        }
        if (!isAuthorised(header(exchange, "Authorization"))) {
            return new Answer(
                    401, "error", "the bearer token is missing or wrong", Map.of("WWW-Authenticate", "Bearer"));
        }
        String contentType =
                Optional.ofNullable(header(exchange, "Content-Type")).orElse("");
        String mediaType = contentType.split(";", 2)[0].strip().toLowerCase(Locale.ROOT);
        boolean form = mediaType.equals("multipart/form-data");
        if (!form && !mediaType.startsWith("image/") && !mediaType.equals("application/octet-stream")) {
            return Answer.refused(415, "send the picture as image/*, application/octet-stream or multipart/form-data");
        }
        long length = length(header(exchange, "Content-Length"));
        if (length < 0) {
            return Answer.refused(411, "give the length of the body as Content-Length");
        }
        long most = config.maxBytes() + (form ? FORM_OVERHEAD_BYTES : 0L);
        long room = form ? 2 * length : length;
        if (length > most || room > config.memoryBytes()) {
            return Answer.refused(
                    413,
                    "the body has " + length + " bytes, at most "
                            + Math.min(most, config.memoryBytes() / (form ? 2 : 1)) + " are taken");
        }
        if (!memory.take(room)) {
            return Answer.tryAgain(429, "too many pictures are coming in at once: try again later");
        }
        try {
            return feed(exchange, contentType, form, (int) length);
        } finally {
            memory.giveBack(room);
        }
    }

    private Answer feed(HttpExchange exchange, String contentType, boolean form, int length) throws IOException {
        byte[] body = read(exchange, length);
        byte[] picture;
        String source;
        Note note;
        try {
            Map<String, String> texts;
            if (form) {
                MultipartForm parsed = MultipartForm.parse(body, contentType);
                picture = parsed.picture();
                texts = parsed.texts();
                source = texts.getOrDefault("source", parsed.fileName().orElse(DEFAULT_SOURCE));
            } else {
                picture = body;
                texts = factHeaders(exchange);
                source = texts.getOrDefault("source", DEFAULT_SOURCE);
            }
            note = new Note(texts.getOrDefault("caption", "").strip(), ImageFacts.of(texts)).orElse(defaults);
        } catch (IllegalArgumentException e) {
            return Answer.refused(400, String.valueOf(e.getMessage()));
        }
        if (picture.length > config.maxBytes()) {
            return Answer.refused(
                    413, "the picture has " + picture.length + " bytes, at most " + config.maxBytes() + " are taken");
        }
        return feed(picture, source, note);
    }

    private Answer feed(byte[] picture, String source, Note note) {
        tally.taken();
        try {
            ImageId id = feed.feed(picture, source, note).get();
            tally.acknowledged(picture.length);
            return Answer.accepted(id);
        } catch (IOException e) {
            log.warn("the blob store cannot be written", e);
            return Answer.tryAgain(503, "the blob store cannot be written");
        } catch (KafkaException | ExecutionException e) {
            Throwable cause = e instanceof ExecutionException && e.getCause() != null ? e.getCause() : e;
            log.warn("the broker did not take a picture: {}", cause.getMessage());
            return Answer.tryAgain(503, "the broker did not take the picture: " + cause.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Answer.tryAgain(503, "the door is closing");
        }
    }

    /** Reads the whole body in the time there is for it, or fails. */
    private byte[] read(HttpExchange exchange, int length) throws IOException {
        Future<?> cutOff = watch.schedule(exchange::close, config.timeout().toMillis(), TimeUnit.MILLISECONDS);
        try {
            InputStream in = exchange.getRequestBody();
            byte[] body = new byte[length];
            int count = in.readNBytes(body, 0, length);
            if (count < length) {
                throw new IOException("the body ended after " + count + " of " + length + " bytes");
            }
            return body;
        } finally {
            cutOff.cancel(false);
        }
    }

    private boolean isAuthorised(@Nullable String authorisation) {
        if (config.token().isEmpty()) {
            return true;
        }
        byte[] expected = ("Bearer " + config.token().get()).getBytes(StandardCharsets.UTF_8);
        return authorisation != null && MessageDigest.isEqual(expected, authorisation.getBytes(StandardCharsets.UTF_8));
    }

    private static @Nullable String header(HttpExchange exchange, String name) {
        return exchange.getRequestHeaders().getFirst(name);
    }

    private static long length(@Nullable String header) {
        try {
            return header == null ? -1 : Long.parseLong(header.strip());
        } catch (NumberFormatException e) {
            return -1;
        }
    }

    /** Headers such as RealAlign-Caption-Source by the name of the fact; their values are percent-encoded UTF-8. */
    private static Map<String, String> factHeaders(HttpExchange exchange) {
        Map<String, String> texts = new HashMap<>();
        exchange.getRequestHeaders().forEach((name, values) -> {
            if (name.regionMatches(true, 0, HEADER_PREFIX, 0, HEADER_PREFIX.length()) && !values.isEmpty()) {
                String fact = name.substring(HEADER_PREFIX.length())
                        .toLowerCase(Locale.ROOT)
                        .replace('-', '_');
                texts.put(fact, decoded(values.get(0), name));
            }
        });
        return texts;
    }

    private static String decoded(String value, String name) {
        byte[] bytes = new byte[value.length()];
        int count = 0;
        for (int i = 0; i < value.length(); i++) {
            char character = value.charAt(i);
            if (character == '%') {
                int code = i + 2 < value.length() ? hex(value.charAt(i + 1), value.charAt(i + 2)) : -1;
                if (code < 0) {
                    throw new IllegalArgumentException(
                            "the header " + name + " has a % without two hexadecimal digits: write it as %25");
                }
                bytes[count++] = (byte) code;
                i += 2;
            } else if (character < 0x80) {
                bytes[count++] = (byte) character;
            } else {
                throw new IllegalArgumentException(
                        "the header " + name + " has characters beyond ASCII: write them as percent-encoded UTF-8");
            }
        }
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes, 0, count))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException("the header " + name + " is not percent-encoded UTF-8", e);
        }
    }

    /** Value of two hexadecimal digits, -1 where one is none. */
    private static int hex(char high, char low) {
        int value = Character.digit(high, 16) * 16 + Character.digit(low, 16);
        return Character.digit(high, 16) < 0 || Character.digit(low, 16) < 0 ? -1 : value;
    }
}
