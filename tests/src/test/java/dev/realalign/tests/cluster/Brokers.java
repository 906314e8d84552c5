package dev.realalign.tests.cluster;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;

/** A KRaft cluster whose nodes are processes: each is broker and controller, and each can be killed. */
final class Brokers implements AutoCloseable {
    private static final Duration START = Duration.ofSeconds(90);

    private final Path folder;
    private final List<Integer> ports;
    private final List<Path> settings = new ArrayList<>();
    private final List<String> credentials;
    private final List<Process> nodes = new ArrayList<>();

    private Brokers(Path folder, List<Integer> ports, List<String> credentials) {
        this.folder = folder;
        this.ports = ports;
        this.credentials = credentials;
    }

    /**
     * Starts a cluster.
     *
     * @param listener security protocol clients speak
     * @param extra further settings of every broker
     * @param credentials SCRAM credentials the cluster begins with, as kafka-storage takes them
     * @param client how to reach it, without bootstrap.servers
     */
    static Brokers start(
            Path folder,
            int count,
            String listener,
            Map<String, String> extra,
            List<String> credentials,
            Map<String, Object> client)
            throws IOException {
        List<Integer> ports = freePorts(count);
        List<Integer> controllers = freePorts(count);
        Brokers brokers = new Brokers(folder, ports, credentials);
        String voters = "";
        for (int node = 1; node <= count; node++) {
            voters += (node == 1 ? "" : ",") + node + "@127.0.0.1:" + controllers.get(node - 1);
        }
        for (int node = 1; node <= count; node++) {
            Properties own = new Properties();
            own.put("process.roles", "broker,controller");
            own.put("node.id", Integer.toString(node));
            own.put("controller.quorum.voters", voters);
            own.put(
                    "listeners",
                    "CLIENT://127.0.0.1:" + ports.get(node - 1) + ",CONTROLLER://127.0.0.1:"
                            + controllers.get(node - 1));
            own.put("advertised.listeners", "CLIENT://127.0.0.1:" + ports.get(node - 1));
            own.put("controller.listener.names", "CONTROLLER");
            own.put("listener.security.protocol.map", "CLIENT:" + listener + ",CONTROLLER:PLAINTEXT");
            own.put("inter.broker.listener.name", "CLIENT");
            own.put("log.dirs", folder.resolve("node-" + node).toString());
            own.put("auto.create.topics.enable", "false");
            own.put("default.replication.factor", Integer.toString(count));
            own.put("min.insync.replicas", Integer.toString(Math.max(1, count - 1)));
            for (String topic : List.of("offsets.topic", "transaction.state.log", "share.coordinator.state.topic")) {
                own.put(topic + ".replication.factor", Integer.toString(count));
                own.put(topic + ".num.partitions", "4");
            }
            own.put("transaction.state.log.min.isr", Integer.toString(Math.max(1, count - 1)));
            own.put("share.coordinator.state.topic.min.isr", Integer.toString(Math.max(1, count - 1)));
            own.put("group.initial.rebalance.delay.ms", "0");
            own.put("log.cleaner.dedupe.buffer.size", "2097152");
            own.putAll(extra);
            Path file = Files.createDirectories(folder).resolve("node-" + node + ".properties");
            try (OutputStream out = Files.newOutputStream(file)) {
                own.store(out, null);
            }
            brokers.settings.add(file);
        }
        for (int node = 1; node <= count; node++) {
            brokers.nodes.add(brokers.launch(node));
        }
        Map<String, Object> admin = new java.util.HashMap<>(client);
        admin.put("bootstrap.servers", brokers.bootstrapServers());
        try {
            await().atMost(START).pollInterval(Duration.ofMillis(300)).until(() -> brokers.living(admin) == count);
        } catch (RuntimeException e) {
            brokers.close();
            throw new IllegalStateException("the brokers did not start:\n" + brokers.log(1), e);
        }
        return brokers;
    }

    private int living(Map<String, Object> client) throws InterruptedException {
        try (Admin admin = Admin.create(client)) {
            return admin.describeCluster().nodes().get(3, TimeUnit.SECONDS).size();
        } catch (ExecutionException | java.util.concurrent.TimeoutException e) {
            return 0;
        }
    }

    private Process launch(int node) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                BrokerNode.class.getName(),
                settings.get(node - 1).toString()));
        command.addAll(credentials);
        Path log = folder.resolve("node-" + node + ".log");
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                .start();
    }

    /** All nodes, host:port separated by commas. */
    String bootstrapServers() {
        return ports.stream().map(port -> "127.0.0.1:" + port).collect(Collectors.joining(","));
    }

    /** Ends a node as a power cut would. */
    void kill(int node) throws InterruptedException {
        nodes.get(node - 1).destroyForcibly().waitFor();
    }

    /** Starts a killed node on what it had written. */
    void restart(int node) throws IOException {
        nodes.set(node - 1, launch(node));
    }

    /** The last lines a node has printed. */
    String log(int node) throws IOException {
        List<String> lines = Files.readAllLines(folder.resolve("node-" + node + ".log"));
        return String.join("\n", lines.subList(Math.max(0, lines.size() - 30), lines.size()));
    }

    private static List<Integer> freePorts(int count) throws IOException {
        List<ServerSocket> sockets = new ArrayList<>();
        List<Integer> ports = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
            sockets.add(socket);
            ports.add(socket.getLocalPort());
        }
        for (ServerSocket socket : sockets) {
            socket.close();
        }
        return ports;
    }

    @Override
    public void close() {
        nodes.forEach(Process::destroyForcibly);
    }
}
