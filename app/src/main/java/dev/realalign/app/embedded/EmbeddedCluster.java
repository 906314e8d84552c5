package dev.realalign.app.embedded;

import dev.realalign.runtime.ClusterConfig;
import dev.realalign.runtime.UserErrorException;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.jar.Attributes;
import java.util.jar.JarFile;
import java.util.jar.Manifest;
import java.util.stream.Stream;

/**
 * A real broker and a real schema registry on this machine, with all they keep under one data folder. Both run as child
 * processes that end with this one, whatever way it ends; started again on the same folder they go on with nothing lost.
 */
public final class EmbeddedCluster implements AutoCloseable {
    /** Compatibility of subjects that nobody set one for, as Confluent's registry has it. */
    private static final String DEFAULT_COMPATIBILITY = "BACKWARD";

    private static final int FREE_PORT_TRIES = 3;
    private static final Duration POLL = Duration.ofMillis(50);
    private static final int HTTP_TIMEOUT_MS = 5_000;

    private final DataFolder data;
    private final ChildProcess broker;
    private final ChildProcess registry;
    private final int brokerPort;
    private final int registryPort;
    private boolean closed;

    private EmbeddedCluster(
            DataFolder data, ChildProcess broker, ChildProcess registry, int brokerPort, int registryPort) {
        this.data = data;
        this.broker = broker;
        this.registry = registry;
        this.brokerPort = brokerPort;
        this.registryPort = registryPort;
    }

    /**
     * Starts both and waits until clients may connect.
     *
     * @throws UserErrorException for failure, in a sentence, when the data folder, a port or a child stands in the way;
     *     nothing is left running
     */
    public static EmbeddedCluster start(EmbeddedOptions options) {
        Path runner = registryRunner(options.registryHome());
        DataFolder data = DataFolder.hold(options.data(), options.minFreeBytes());
        try {
            for (int attempt = 1; ; attempt++) {
                try {
                    return startOn(options, data, runner);
                } catch (PortTakenException e) {
                    if (attempt == FREE_PORT_TRIES) {
                        throw UserErrorException.failure(String.valueOf(e.getMessage()), e);
                    }
                }
            }
        } catch (RuntimeException | Error e) {
            data.close();
            throw e;
        }
    }

    private static EmbeddedCluster startOn(EmbeddedOptions options, DataFolder data, Path runner) {
        int[] ports = ports(options);
        int brokerPort = ports[0];
        int registryPort = ports[2];
        List<ChildProcess> children = new ArrayList<>();
        try {
            ChildProcess broker = startBroker(data, brokerPort, ports[1]);
            children.add(broker);
            ChildProcess registry = startRegistry(data, runner, registryPort);
            children.add(registry);
            data.note(children.stream().map(ChildProcess::handle).toList());
            URI registryApi = URI.create("http://127.0.0.1:" + registryPort + "/apis/ccompat/v7");
            await(options, children, broker, "is not ready", broker::isReady);
            await(options, children, registry, "is not ready", () -> answers(registryApi));
            holdCompatibility(registry, registryApi);
            return new EmbeddedCluster(data, broker, registry, brokerPort, registryPort);
        } catch (IOException e) {
            closeAll(children);
            throw UserErrorException.failure(
                    "the embedded broker and registry cannot be started: " + e.getMessage(), e);
        } catch (RuntimeException | Error e) {
            closeAll(children);
            throw e;
        }
    }

    private static ChildProcess startBroker(DataFolder data, int brokerPort, int controllerPort) {
        return ChildProcess.start(
                "the embedded broker",
                System.getProperty("java.class.path"),
                List.of("-Xmx256m", "-Dlogback.configurationFile=dev/realalign/app/embedded/broker-logback.xml"),
                List.of(
                        BrokerMain.class.getName(),
                        data.broker().toString(),
                        Integer.toString(brokerPort),
                        Integer.toString(controllerPort)),
                BrokerMain.READY,
                data.logs().resolve("broker.log"),
                data.broker());
    }

    private static ChildProcess startRegistry(DataFolder data, Path runner, int port) throws IOException {
        // without WRITE_DELAY=0 a kill -9 takes the last half second of schemas with it
        String database =
                "jdbc:h2:file:" + data.registry().resolve("registry") + ";WRITE_DELAY=0;DB_CLOSE_ON_EXIT=FALSE";
        return ChildProcess.start(
                "the embedded schema registry",
                runner + java.io.File.pathSeparator + codeSource(),
                List.of(
                        "-Xmx160m",
                        "-Djava.util.logging.manager=org.jboss.logmanager.LogManager",
                        "-Dquarkus.http.host=127.0.0.1",
                        "-Dquarkus.http.port=" + port,
                        "-Dquarkus.log.level=WARN",
                        "-Dquarkus.log.console.stderr=true",
                        "-Dquarkus.datasource.jdbc.initial-size=1",
                        "-Dquarkus.datasource.jdbc.min-size=1",
                        "-Dquarkus.datasource.jdbc.max-size=8",
                        "-DREGISTRY_DATASOURCE_URL=" + database),
                List.of(RegistryMain.class.getName(), mainClass(runner)),
                "",
                data.logs().resolve("registry.log"),
                data.registry());
    }

    /** Where this class was loaded from: the only part of the program the registry's process sees. */
    private static Path codeSource() {
        try {
            return Path.of(RegistryMain.class
                    .getProtectionDomain()
                    .getCodeSource()
                    .getLocation()
                    .toURI());
        } catch (java.net.URISyntaxException e) {
            throw new IllegalStateException("classes are loaded from files", e);
        }
    }

    private static String mainClass(Path runner) throws IOException {
        try (JarFile jar = new JarFile(runner.toFile())) {
            Manifest manifest = jar.getManifest();
            String name = manifest == null ? null : manifest.getMainAttributes().getValue(Attributes.Name.MAIN_CLASS);
            if (name == null) {
                throw new IOException(runner + " names no main class");
            }
            return name;
        }
    }

    private static Path registryRunner(Path home) {
        if (Files.isDirectory(home)) {
            try (Stream<Path> files = Files.list(home)) {
                Optional<Path> runner = files.filter(f -> f.toString().endsWith("-runner.jar"))
                        .sorted()
                        .findFirst();
                if (runner.isPresent()) {
                    return runner.get();
                }
            } catch (IOException e) {
                throw UserErrorException.failure(
                        "the schema registry server in " + home + " cannot be read: " + e.getMessage(), e);
            }
        }
        throw UserErrorException.failure("the schema registry server is not in " + home
                + ". Build the program with mvn package, or name the folder with -D"
                + EmbeddedOptions.REGISTRY_HOME_PROPERTY
                + "=FOLDER.");
    }

    /** Ports of broker, controller and registry. */
    private static int[] ports(EmbeddedOptions options) {
        int[] wanted = {options.brokerPort(), 0, options.registryPort()};
        String[] owners = {"broker", "controller", "schema registry"};
        List<ServerSocket> held = new ArrayList<>();
        try {
            int[] ports = new int[wanted.length];
            for (int i = 0; i < wanted.length; i++) {
                try {
                    ServerSocket socket = new ServerSocket(wanted[i], 1, InetAddress.getByName("127.0.0.1"));
                    held.add(socket);
                    ports[i] = socket.getLocalPort();
                } catch (IOException e) {
                    throw UserErrorException.failure(
                            "port " + wanted[i] + " for the embedded " + owners[i]
                                    + " is in use. End what uses it, give another port, or 0 for any free one.",
                            e);
                }
            }
            return ports;
        } finally {
            for (ServerSocket socket : held) {
                try {
                    socket.close();
                } catch (IOException e) {
                    throw new java.io.UncheckedIOException("a port cannot be given back", e);
                }
            }
        }
    }

    /** A port was free when looked for and taken when bound. */
    private static final class PortTakenException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        PortTakenException(UserErrorException death) {
            super(death.getMessage(), death);
        }
    }

    private interface Condition {
        boolean holds();
    }

    private static void await(
            EmbeddedOptions options,
            List<ChildProcess> children,
            ChildProcess child,
            String trouble,
            Condition condition) {
        long deadline = System.nanoTime() + options.startTimeout().toNanos();
        while (!condition.holds()) {
            for (ChildProcess any : children) {
                UserErrorException death = any.died().getNow(null);
                if (death != null) {
                    throw String.valueOf(death.getMessage()).contains("ddress already in use")
                            ? new PortTakenException(death)
                            : death;
                }
            }
            if (System.nanoTime() > deadline) {
                throw child.trouble(trouble + " after " + options.startTimeout().toSeconds() + " s");
            }
            try {
                Thread.sleep(POLL.toMillis());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw UserErrorException.failure("interrupted while starting the embedded broker and registry", e);
            }
        }
    }

    private static boolean answers(URI api) {
        try {
            return call("GET", URI.create(api + "/subjects"), "").status() == 200;
        } catch (IOException e) {
            return false;
        }
    }

    private static void holdCompatibility(ChildProcess registry, URI api) throws IOException {
        URI config = URI.create(api + "/config");
        if (call("GET", config, "").body().contains("\"" + DEFAULT_COMPATIBILITY + "\"")) {
            return;
        }
        Answer answer = call("PUT", config, "{\"compatibility\":\"" + DEFAULT_COMPATIBILITY + "\"}");
        if (answer.status() != 200) {
            throw registry.trouble(
                    "refuses its compatibility level (HTTP " + answer.status() + " " + answer.body() + ")");
        }
    }

    private record Answer(int status, String body) {}

    private static Answer call(String method, URI uri, String json) throws IOException {
        HttpURLConnection connection = (HttpURLConnection) uri.toURL().openConnection();
        try {
            connection.setConnectTimeout(HTTP_TIMEOUT_MS);
            connection.setReadTimeout(HTTP_TIMEOUT_MS);
            connection.setRequestMethod(method);
            if (!json.isEmpty()) {
                connection.setDoOutput(true);
                connection.setRequestProperty("Content-Type", "application/json");
                connection.getOutputStream().write(json.getBytes(StandardCharsets.UTF_8));
            }
            int status = connection.getResponseCode();
            try (var body = status < 400 ? connection.getInputStream() : connection.getErrorStream()) {
                return new Answer(status, body == null ? "" : new String(body.readAllBytes(), StandardCharsets.UTF_8));
            }
        } finally {
            connection.disconnect();
        }
    }

    /** Address of the broker, as {@code bootstrap.servers} has it. */
    public String bootstrapServers() {
        return "127.0.0.1:" + brokerPort;
    }

    /** Address of the registry's Confluent interface, as {@code schema.registry.url} has it. */
    public String registryUrl() {
        return "http://127.0.0.1:" + registryPort + "/apis/ccompat/v7";
    }

    /** Both addresses as configuration keys. */
    public Map<String, String> properties() {
        return Map.of(
                ClusterConfig.BOOTSTRAP_SERVERS, bootstrapServers(), ClusterConfig.SCHEMA_REGISTRY_URL, registryUrl());
    }

    /** Completes with the reason if broker or registry end before {@link #close}. */
    public CompletableFuture<UserErrorException> died() {
        return CompletableFuture.anyOf(broker.died(), registry.died()).thenApply(UserErrorException.class::cast);
    }

    /** The child processes, broker first, for measuring. */
    public List<ProcessHandle> processes() {
        return List.of(broker.handle(), registry.handle());
    }

    /** Ends both in good order and waits for them; safe to call twice. */
    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        closeAll(List.of(broker, registry));
        data.close();
    }

    private static void closeAll(List<ChildProcess> children) {
        children.forEach(ChildProcess::beginClose);
        children.forEach(ChildProcess::close);
    }
}
