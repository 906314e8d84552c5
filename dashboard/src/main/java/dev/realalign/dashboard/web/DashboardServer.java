package dev.realalign.dashboard.web;

import dev.realalign.runtime.UserErrorException;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.eclipse.jetty.http.HttpCookie;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.Fields;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The page over HTTP/1.1.
 *
 * <pre>
 * GET  /                                  the page; it holds no data, nor do /assets/*
 * POST /api/session                       a cookie for whoever shows the token
 * GET  /api/events                        server-sent events, one for every section that changed
 * GET  /api/history?seconds=N             lag and rates of the past
 * GET  /api/triples/KEY/NAME.png          a picture of one of the newest triples
 * GET  /api/rejections/PARTITION-OFFSET.png   a small picture of a rejected image
 * GET  /api/samples, /api/samples/VERSION/FILE.png   sample pictures of versions
 * </pre>
 */
public final class DashboardServer implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(DashboardServer.class);
    private static final List<String> ASSETS = List.of(
            "index.html",
            "style.css",
            "mark.svg",
            "main.js",
            "dom.js",
            "format.js",
            "connection.js",
            "flow.js",
            "chart.js",
            "lag.js",
            "rejections.js",
            "triples.js",
            "training.js",
            "versions.js",
            "alarms.js");
    private static final Map<String, String> TYPES = Map.of(
            "html", "text/html; charset=utf-8",
            "css", "text/css; charset=utf-8",
            "js", "text/javascript; charset=utf-8",
            "svg", "image/svg+xml");
    private static final String POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';"
            + " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    private static final Pattern TRIPLE = Pattern.compile("/api/triples/(\\d{1,9}-\\d{1,18})/([a-z]{1,20})\\.png");
    private static final Pattern REJECTION = Pattern.compile("/api/rejections/(\\d{1,9})-(\\d{1,18})\\.png");
    private static final Pattern SAMPLE = Pattern.compile("/api/samples/(\\d{8})/([^/]{1,120})");
    private static final long LONGEST_HISTORY = Duration.ofDays(366).toSeconds();
    private static final int THREADS = 12;

    private final AccessRule access;
    private final EventHub hub;
    private final PageSource source;
    private final SampleFolder samples;
    private final Map<String, byte[]> assets = new HashMap<>();
    private final Server server;
    private final ServerConnector connector;

    private DashboardServer(AccessRule access, EventHub hub, PageSource source, SampleFolder samples, String host) {
        this.access = access;
        this.hub = hub;
        this.source = source;
        this.samples = samples;
        ASSETS.forEach(name -> assets.put(name, resource(name)));
        QueuedThreadPool threads = new QueuedThreadPool(THREADS, 2);
        threads.setName("dashboard-http");
        threads.setDaemon(true);
        server = new Server(threads);
        HttpConfiguration http = new HttpConfiguration();
        http.setSendServerVersion(false);
        http.setSendDateHeader(false);
        connector = new ServerConnector(server, 1, 1, new HttpConnectionFactory(http));
        connector.setHost(host);
        connector.setIdleTimeout(Duration.ofSeconds(60).toMillis());
        server.addConnector(connector);
        server.setHandler(new Handler.Abstract() {
            @Override
            public boolean handle(Request request, Response response, Callback callback) {
                answer(request, response, callback);
                return true;
            }
        });
    }

    /**
     * Starts listening.
     *
     * @param host address to listen on
     * @param port port, 0 for any free one
     * @param orAnyFree whether any free port will do when that one is taken
     * @throws UserErrorException for failure when it cannot listen there
     */
    public static DashboardServer start(
            String host,
            int port,
            boolean orAnyFree,
            AccessRule access,
            EventHub hub,
            PageSource source,
            SampleFolder samples) {
        DashboardServer dashboard = new DashboardServer(access, hub, source, samples, host);
        try {
            dashboard.listen(port);
        } catch (IOException e) {
            if (!orAnyFree) {
                throw taken(host, port, e);
            }
            try {
                dashboard.listen(0);
            } catch (IOException none) {
                throw taken(host, 0, none);
            }
        }
        log.info("the dashboard listens on {}", dashboard.address());
        return dashboard;
    }

    private static UserErrorException taken(String host, int port, IOException e) {
        return UserErrorException.failure(
                "the dashboard cannot listen on " + host + ":" + port + " (" + e.getMessage()
                        + "): choose another dashboard.port or dashboard.host, or free that one.",
                e);
    }

    private void listen(int port) throws IOException {
        connector.setPort(port);
        connector.open(); // before the start, so that a taken port is told from every other failure
        try {
            server.start();
        } catch (Exception e) {
            connector.close();
            throw new IOException(String.valueOf(e.getMessage()), e);
        }
    }

    /** Where it listens. */
    public URI address() {
        String host = String.valueOf(connector.getHost());
        String shown = host.contains(":") ? "[" + host + "]" : host;
        return URI.create("http://" + shown + ":" + connector.getLocalPort() + "/");
    }

    @Override
    public void close() {
        hub.close();
        try {
            server.stop();
        } catch (Exception e) {
            log.warn("the dashboard's server did not stop in good order: {}", e.getMessage());
        }
    }

    private static byte[] resource(String name) {
        try (InputStream in = DashboardServer.class.getResourceAsStream("/dev/realalign/dashboard/page/" + name)) {
            if (in == null) {
                throw new IllegalStateException("the jar lacks the page's file " + name);
            }
            return in.readAllBytes();
        } catch (IOException e) {
            throw new IllegalStateException("the page's file " + name + " cannot be read", e);
        }
    }

    private void answer(Request request, Response response, Callback callback) {
        response.getHeaders().put("X-Content-Type-Options", "nosniff");
        response.getHeaders().put("Referrer-Policy", "no-referrer");
        response.getHeaders().put("Content-Security-Policy", POLICY);
        response.getHeaders().put(HttpHeader.CACHE_CONTROL, "no-cache");
        String path = Request.getPathInContext(request);
        String authorization = request.getHeaders().get(HttpHeader.AUTHORIZATION);
        if (!access.isMeant(request.getHttpURI().getHost())) {
            empty(response, callback, 421);
        } else if (path.equals("/api/session")) {
            session(request, response, callback, authorization);
        } else if (!request.getMethod().equals("GET")) {
            response.getHeaders().put(HttpHeader.ALLOW, "GET");
            empty(response, callback, 405);
        } else if (!path.startsWith("/api/")) {
            asset(path.equals("/") ? "index.html" : path.replaceFirst("^/assets/", ""), response, callback);
        } else if (!access.allows(authorization, cookies(request))) {
            refuse(response, callback);
        } else {
            try {
                data(path, request, response, callback);
            } catch (IOException e) {
                log.debug("{} cannot be answered: {}", path, e.getMessage());
                empty(response, callback, 404);
            } catch (RuntimeException e) {
                log.error("the dashboard failed at {}", path, e);
                empty(response, callback, 500);
            }
        }
    }

    private static List<String> cookies(Request request) {
        return Request.getCookies(request).stream()
                .filter(cookie -> cookie.getName().equals(AccessRule.COOKIE))
                .map(HttpCookie::getValue)
                .toList();
    }

    private void session(Request request, Response response, Callback callback, String authorization) {
        if (!request.getMethod().equals("POST")) {
            response.getHeaders().put(HttpHeader.ALLOW, "POST");
            empty(response, callback, 405);
        } else if (!access.showsToken(authorization)) {
            refuse(response, callback);
        } else {
            Response.addCookie(
                    response,
                    HttpCookie.build(AccessRule.COOKIE, access.cookie())
                            .httpOnly(true)
                            .sameSite(HttpCookie.SameSite.STRICT)
                            .path("/")
                            .secure(request.isSecure())
                            .build());
            empty(response, callback, 204);
        }
    }

    private void data(String path, Request request, Response response, Callback callback) throws IOException {
        Matcher triple = TRIPLE.matcher(path);
        Matcher rejection = REJECTION.matcher(path);
        Matcher sample = SAMPLE.matcher(path);
        if (path.equals("/api/events")) {
            response.getHeaders().put(HttpHeader.CONTENT_TYPE, "text/event-stream; charset=utf-8");
            response.getHeaders().put(HttpHeader.CACHE_CONTROL, "no-store");
            if (!hub.follow(response, callback)) {
                response.getHeaders().put(HttpHeader.RETRY_AFTER, "10");
                empty(response, callback, 503);
            }
        } else if (path.equals("/api/history")) {
            json(response, callback, source.history(reach(request)));
        } else if (path.equals("/api/samples")) {
            json(response, callback, samples.index());
        } else if (triple.matches()) {
            picture(response, callback, source.triplePicture(triple.group(1), triple.group(2)));
        } else if (rejection.matches()) {
            Optional<byte[]> thumbnail =
                    source.rejectedPicture(Integer.parseInt(rejection.group(1)), Long.parseLong(rejection.group(2)));
            if (thumbnail.isEmpty()) {
                empty(response, callback, 204); // many are rejected for being no picture: that is no error
            } else {
                picture(response, callback, thumbnail);
            }
        } else if (sample.matches()) {
            picture(response, callback, samples.picture(sample.group(1), sample.group(2)));
        } else {
            empty(response, callback, 404);
        }
    }

    private static Duration reach(Request request) {
        Fields query = Request.extractQueryParameters(request, StandardCharsets.UTF_8);
        String seconds = Optional.ofNullable(query.getValue("seconds")).orElse("");
        return seconds.matches("\\d{1,9}")
                ? Duration.ofSeconds(Math.min(LONGEST_HISTORY, Math.max(1, Long.parseLong(seconds))))
                : Duration.ofHours(1);
    }

    private void asset(String name, Response response, Callback callback) {
        byte[] content = assets.get(name);
        if (content == null) {
            empty(response, callback, 404);
        } else {
            send(response, callback, TYPES.getOrDefault(name.substring(name.lastIndexOf('.') + 1), ""), content);
        }
    }

    private static void json(Response response, Callback callback, String json) {
        response.getHeaders().put(HttpHeader.CACHE_CONTROL, "no-store");
        send(response, callback, "application/json", json.getBytes(StandardCharsets.UTF_8));
    }

    /** A picture at its address never changes. */
    private static void picture(Response response, Callback callback, Optional<byte[]> png) {
        if (png.isEmpty()) {
            empty(response, callback, 404);
        } else {
            response.getHeaders().put(HttpHeader.CACHE_CONTROL, "private, max-age=3600");
            send(response, callback, "image/png", png.get());
        }
    }

    private static void refuse(Response response, Callback callback) {
        response.getHeaders().put(HttpHeader.WWW_AUTHENTICATE, "Bearer");
        empty(response, callback, 401);
    }

    private static void send(Response response, Callback callback, String type, byte[] content) {
        response.getHeaders().put(HttpHeader.CONTENT_TYPE, type);
        response.getHeaders().put(HttpHeader.CONTENT_LENGTH, content.length);
        response.write(true, ByteBuffer.wrap(content), callback);
    }

    private static void empty(Response response, Callback callback, int status) {
        response.setStatus(status);
        response.getHeaders().remove(HttpHeader.CONTENT_TYPE);
        response.write(true, ByteBuffer.allocate(0), callback);
    }
}
