package dev.realalign.publisher.catalogue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.realalign.runtime.ClusterConfig;
import dev.realalign.runtime.UserErrorException;
import dev.realalign.schemas.CheckpointAlias;
import dev.realalign.schemas.CheckpointKeys;
import dev.realalign.schemas.CheckpointLayout;
import dev.realalign.schemas.CheckpointVersion;
import dev.realalign.schemas.FileEntry;
import dev.realalign.schemas.Sha256;
import dev.realalign.schemas.VersionManifest;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The published versions over HTTP/1.1, to read and nothing else.
 *
 * <pre>
 * GET /models                                 names of the model lines
 * GET /models/NAME                            newest version and aliases
 * GET /models/NAME/versions                   every version
 * GET /models/NAME/versions/N                 its manifest, byte for byte
 * GET /models/NAME/versions/N/files/FILE      a file of it: ETag is its SHA-256, ranges resume
 * GET /models/NAME/aliases                    where aliases point
 * GET /models/NAME/events?alias=latest        server-sent events, one for every move of an alias; id is its sequence
 * </pre>
 *
 * Threads are bounded: {@value #STREAMS} clients may follow events, {@value #REQUESTS} others are served at a time and
 * {@value #WAITING} wait.
 */
public final class CatalogueServer implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(CatalogueServer.class);
    private static final int REQUESTS = 8;
    private static final int STREAMS = 32;
    private static final int WAITING = 64;
    private static final Duration HEARTBEAT = Duration.ofSeconds(15);
    private static final int BUFFER_BYTES = 64 * 1024;
    private static final ObjectMapper JSON = new ObjectMapper();

    private final CatalogueSettings settings;
    private final CheckpointLayout store;
    private final CatalogueView view;
    private final CatalogueFeed feed;
    private final HttpServer server;
    private final ThreadPoolExecutor threads;
    private final Semaphore streams = new Semaphore(STREAMS);

    private CatalogueServer(
            CatalogueSettings settings, ClusterConfig cluster, CheckpointLayout store, HttpServer server) {
        this.settings = settings;
        this.store = store;
        this.server = server;
        this.view = new CatalogueView(CheckpointLayout.location(store.root()));
        this.feed = new CatalogueFeed(cluster.reader("realalign-catalogue"), view);
        this.threads = new ThreadPoolExecutor(
                REQUESTS + STREAMS,
                REQUESTS + STREAMS,
                30,
                TimeUnit.SECONDS,
                new LinkedBlockingQueue<>(WAITING),
                task -> {
                    Thread thread = new Thread(task, "catalogue");
                    thread.setDaemon(true);
                    return thread;
                });
        threads.allowCoreThreadTimeOut(true);
        server.setExecutor(threads);
        server.createContext("/", this::answer);
        server.start();
    }

    /**
     * Starts listening.
     *
     * @throws UserErrorException when it cannot listen there
     */
    public static CatalogueServer start(CatalogueSettings settings, ClusterConfig cluster, CheckpointLayout store) {
        // a client that never ends its request would keep a thread for ever; the JDK takes these from properties alone
        for (String[] property :
                new String[][] {{"sun.net.httpserver.maxReqTime", "30"}, {"sun.net.httpserver.nodelay", "true"}}) {
            if (System.getProperty(property[0]) == null) {
                System.setProperty(property[0], property[1]);
            }
        }
        HttpServer server;
        try {
            server = HttpServer.create(new InetSocketAddress(settings.host(), settings.port()), WAITING);
        } catch (IOException | IllegalArgumentException e) {
            throw UserErrorException.failure(
                    "the catalogue cannot listen on " + settings.host() + ":" + settings.port() + " (" + e.getMessage()
                            + "): choose another publisher.http.port or publisher.http.host, or free that one.",
                    e);
        }
        log.info("the catalogue listens on http://{}:{}/models", settings.host(), settings.port());
        return new CatalogueServer(settings, cluster, store, server);
    }

    @Override
    public void close() {
        view.close();
        server.stop(0);
        threads.shutdownNow();
        feed.close();
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            if (!isAllowed(exchange.getRequestHeaders())) {
                exchange.getResponseHeaders().set("WWW-Authenticate", "Bearer");
                exchange.sendResponseHeaders(401, -1);
                return;
            }
            if (!exchange.getRequestMethod().equals("GET") && !isHead(exchange)) {
                exchange.getResponseHeaders().set("Allow", "GET, HEAD");
                exchange.sendResponseHeaders(405, -1);
                return;
            }
            exchange.getResponseHeaders().set("X-Content-Type-Options", "nosniff");
            route(exchange);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (IOException e) {
            log.debug("a client of the catalogue went away: {}", e.getMessage());
        } catch (RuntimeException e) {
            log.error("the catalogue failed at {}", exchange.getRequestURI(), e);
            throw e;
        }
    }

    private boolean isAllowed(Headers request) {
        if (settings.token().isEmpty()) {
            return true;
        }
        String shown = Optional.ofNullable(request.getFirst("Authorization")).orElse("");
        byte[] expected = ("Bearer " + settings.token().get()).getBytes(StandardCharsets.UTF_8);
        return MessageDigest.isEqual(shown.getBytes(StandardCharsets.UTF_8), expected);
    }

    private void route(HttpExchange exchange) throws IOException, InterruptedException {
        List<String> path = segments(exchange);
        boolean known = path.size() > 1 && view.models().contains(path.get(1));
        if (path.isEmpty() || !path.get(0).equals("models") || (path.size() > 1 && !known)) {
            notFound(exchange);
        } else if (path.size() == 1) {
            ObjectNode object = JSON.createObjectNode();
            ArrayNode models = object.putArray("models");
            view.models().forEach(models::add);
            send(exchange, object);
        } else if (path.size() == 2) {
            send(exchange, model(path.get(1)));
        } else {
            String last = path.get(2);
            if (path.size() == 3 && last.equals("versions")) {
                ObjectNode object = JSON.createObjectNode();
                ArrayNode versions = object.putArray("versions");
                view.versions(path.get(1)).forEach(version -> versions.add(json(version)));
                send(exchange, object);
            } else if (path.size() == 3 && last.equals("aliases")) {
                ObjectNode object = JSON.createObjectNode();
                object.set("aliases", aliases(path.get(1)));
                send(exchange, object);
            } else if (path.size() == 3 && last.equals("events")) {
                follow(exchange, path.get(1));
            } else if (path.size() == 4 && last.equals("versions")) {
                sendFile(exchange, path.get(1), path.get(3), CheckpointLayout.MANIFEST);
            } else if (path.size() == 6
                    && last.equals("versions")
                    && path.get(4).equals("files")) {
                sendFile(exchange, path.get(1), path.get(3), path.get(5));
            } else {
                notFound(exchange);
            }
        }
    }

    private static List<String> segments(HttpExchange exchange) {
        try {
            return Arrays.stream(exchange.getRequestURI().getRawPath().split("/"))
                    .filter(segment -> !segment.isEmpty())
                    .map(segment -> URLDecoder.decode(segment.replace("+", "%2B"), StandardCharsets.UTF_8))
                    .toList();
        } catch (IllegalArgumentException e) {
            return List.of(); // no valid escape: no such place
        }
    }

    private ObjectNode model(String model) {
        ObjectNode object = JSON.createObjectNode();
        object.put("model", model);
        List<CheckpointVersion> versions = view.versions(model);
        if (!versions.isEmpty()) {
            object.put("newest", versions.get(versions.size() - 1).getVersion());
        }
        object.set("aliases", aliases(model));
        return object;
    }

    private ArrayNode aliases(String model) {
        ArrayNode array = JSON.createArrayNode();
        view.aliases(model).forEach(alias -> array.add(json(alias)));
        return array;
    }

    private static ObjectNode json(CheckpointVersion version) {
        ObjectNode object = JSON.createObjectNode();
        object.put("version", version.getVersion());
        object.put("digest", version.getDigest());
        object.put("parent", version.getParent());
        object.put("step", version.getStep());
        object.put("triples", version.getTriples());
        object.put("publishedAt", version.getPublishedAt().toString());
        return object;
    }

    private static ObjectNode json(CheckpointAlias alias) {
        ObjectNode object = JSON.createObjectNode();
        object.put("alias", alias.getAlias());
        object.put("version", alias.getVersion());
        object.put("digest", alias.getDigest());
        object.put("sequence", alias.getSequence());
        object.put("held", alias.getHeld());
        object.put("actor", alias.getActor());
        object.put("reason", alias.getReason());
        object.put("movedAt", alias.getMovedAt().toString());
        return object;
    }

    /** A name is looked for among those that stand in the version's folder, and never made into a path. */
    private void sendFile(HttpExchange exchange, String model, String number, String name) throws IOException {
        Optional<CheckpointVersion> version =
                number.matches("[0-9]{1,8}") ? view.version(model, Long.parseLong(number)) : Optional.empty();
        if (version.isEmpty()) {
            notFound(exchange);
            return;
        }
        Path folder = store.version(model, version.get().getVersion());
        Optional<Path> file;
        try (Stream<Path> children = Files.list(folder)) {
            file = children.filter(
                            child -> String.valueOf(child.getFileName()).equals(name) && Files.isRegularFile(child))
                    .findFirst();
        }
        if (file.isEmpty()) {
            notFound(exchange);
            return;
        }
        String digest = name.equals(CheckpointLayout.MANIFEST) ? version.get().getDigest() : digest(folder, file.get());
        send(exchange, file.get(), "\"" + digest + "\"");
    }

    private static String digest(Path folder, Path file) throws IOException {
        byte[] manifest = Files.readAllBytes(folder.resolve(CheckpointLayout.MANIFEST));
        FileEntry entry =
                VersionManifest.parse(manifest, CheckpointLayout.MANIFEST).file(String.valueOf(file.getFileName()));
        return entry == null ? Sha256.hex(file) : entry.sha256();
    }

    private static void send(HttpExchange exchange, Path file, String tag) throws IOException {
        Headers request = exchange.getRequestHeaders();
        Headers response = exchange.getResponseHeaders();
        response.set("ETag", tag);
        response.set("Accept-Ranges", "bytes");
        response.set("Cache-Control", "private, max-age=31536000, immutable");
        response.set(
                "Content-Type", file.toString().endsWith(".json") ? "application/json" : "application/octet-stream");
        if (matches(request.getFirst("If-None-Match"), tag)) {
            exchange.sendResponseHeaders(304, -1);
            return;
        }
        long size = Files.size(file);
        String condition = request.getFirst("If-Range");
        boolean ranged = !isHead(exchange) && (condition == null || condition.equals(tag));
        Optional<ByteRange> range;
        try {
            range = ranged ? ByteRange.parse(request.getFirst("Range"), size) : Optional.empty();
        } catch (ByteRange.Unsatisfiable e) {
            response.set("Content-Range", "bytes */" + size);
            exchange.sendResponseHeaders(416, -1);
            return;
        }
        ByteRange sent = range.orElse(new ByteRange(0, size - 1));
        range.ifPresent(part -> response.set("Content-Range", part.of(size)));
        if (isHead(exchange)) {
            response.set("Content-Length", Long.toString(size));
            exchange.sendResponseHeaders(200, -1);
            return;
        }
        exchange.sendResponseHeaders(range.isPresent() ? 206 : 200, sent.length() == 0 ? -1 : sent.length());
        try (InputStream in = Files.newInputStream(file);
                OutputStream out = exchange.getResponseBody()) {
            in.skipNBytes(sent.from());
            byte[] buffer = new byte[BUFFER_BYTES];
            for (long left = sent.length(); left > 0; ) {
                int n = in.readNBytes(buffer, 0, (int) Math.min(left, buffer.length));
                if (n == 0) {
                    throw new IOException(file + " ended early");
                }
                out.write(buffer, 0, n);
                left -= n;
            }
        }
    }

    private static boolean matches(@Nullable String header, String tag) {
        return header != null
                && Arrays.stream(header.split(","))
                        .map(String::trim)
                        .anyMatch(each -> each.equals("*") || each.equals(tag) || each.equals("W/" + tag));
    }

    private void follow(HttpExchange exchange, String model) throws IOException, InterruptedException {
        String query = Optional.ofNullable(exchange.getRequestURI().getQuery()).orElse("");
        String alias = query.startsWith("alias=") ? query.substring("alias=".length()) : CheckpointKeys.LATEST;
        String seen = Optional.ofNullable(exchange.getRequestHeaders().getFirst("Last-Event-ID"))
                .orElse("");
        if (!CheckpointKeys.ALIASES.contains(alias) || !seen.matches("[0-9]{0,18}")) {
            exchange.sendResponseHeaders(400, -1);
            return;
        }
        if (!streams.tryAcquire()) {
            exchange.getResponseHeaders().set("Retry-After", "10");
            exchange.sendResponseHeaders(503, -1);
            return;
        }
        try {
            exchange.getResponseHeaders().set("Content-Type", "text/event-stream");
            exchange.getResponseHeaders().set("Cache-Control", "no-store");
            exchange.sendResponseHeaders(200, isHead(exchange) ? -1 : 0);
            if (!isHead(exchange)) {
                stream(exchange.getResponseBody(), model, alias, seen.isEmpty() ? -1 : Long.parseLong(seen));
            }
        } finally {
            streams.release();
        }
    }

    private void stream(OutputStream out, String model, String alias, long after)
            throws IOException, InterruptedException {
        long last = after;
        write(out, ": moves of " + alias + " of " + model + "\n\n");
        while (!view.isClosed()) {
            List<CheckpointAlias> moves = view.awaitMoves(model, alias, last, HEARTBEAT);
            for (CheckpointAlias move : moves) {
                write(out, "id: " + move.getSequence() + "\nevent: move\ndata: " + json(move) + "\n\n");
                last = move.getSequence();
            }
            if (moves.isEmpty()) {
                write(out, ":\n\n"); // a heartbeat: it also finds out whether anybody still listens
            }
        }
    }

    private static void write(OutputStream out, String text) throws IOException {
        out.write(text.getBytes(StandardCharsets.UTF_8));
        out.flush();
    }

    private static void send(HttpExchange exchange, ObjectNode object) throws IOException {
        byte[] body = (object.toPrettyString() + "\n").getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        exchange.getResponseHeaders().set("Cache-Control", "no-store");
        if (isHead(exchange)) {
            exchange.getResponseHeaders().set("Content-Length", Integer.toString(body.length));
            exchange.sendResponseHeaders(200, -1);
            return;
        }
        exchange.sendResponseHeaders(200, body.length);
        try (OutputStream out = exchange.getResponseBody()) {
            out.write(body);
        }
    }

    private static void notFound(HttpExchange exchange) throws IOException {
        exchange.sendResponseHeaders(404, -1);
    }

    private static boolean isHead(HttpExchange exchange) {
        return exchange.getRequestMethod().equals("HEAD");
    }
}
