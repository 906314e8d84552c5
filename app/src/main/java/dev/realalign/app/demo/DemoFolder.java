package dev.realalign.app.demo;

import dev.realalign.app.keys.KeyPairFiles;
import dev.realalign.dashboard.DashboardConfig;
import dev.realalign.runtime.ConfigFile;
import dev.realalign.runtime.StoreConfig;
import java.io.IOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.TreeMap;

/**
 * Where everything lies in a data folder; broker, registry and the lock that holds the folder belong to the embedded cluster.
 *
 * <pre>
 * DIR/blobs/, DIR/store/       large pictures; candidates and versions
 * DIR/curator/                 state of the curator
 * DIR/generator/               versions that the embedded negative generator draws with
 * DIR/keys/demo.key, demo.pub  the key pair that the embedded publisher signs with and the embedded subscriber trusts
 * DIR/received/MODEL/          what the embedded subscriber keeps
 * DIR/samples/, DIR/logs/      sample sheets and pictures by version; logs
 * DIR/dashboard/               past lag and rates, for the dashboard
 * DIR/cluster.properties       configuration that leads to the cluster, while it runs
 * </pre>
 *
 * @param root the folder
 */
public record DemoFolder(Path root) {
    /** The folder that holds data unless the user names another. */
    public static final Path DEFAULT = Path.of(System.getProperty("user.home", "."), ".realalign");

    private static final String OWNER = "owner.process";
    private static final String OWNER_STARTED = "owner.started";

    /** Makes the path absolute. */
    public DemoFolder {
        root = root.toAbsolutePath().normalize();
    }

    /** State of the curator. */
    public Path curator() {
        return root.resolve("curator");
    }

    /** What the negative generator keeps. */
    public Path generator() {
        return root.resolve("generator");
    }

    /** The key pair of this folder's publisher. */
    public KeyPairFiles keys() {
        return KeyPairFiles.in(root.resolve("keys"), "demo");
    }

    /** What the embedded subscriber keeps of a model line. */
    public Path received(String model) {
        return root.resolve("received").resolve(model);
    }

    /** Sample sheets. */
    public Path samples() {
        return root.resolve("samples");
    }

    /**
     * Configuration of a dashboard over this folder.
     *
     * @param owner who keeps a history of its own: a file of it has one process at a time
     */
    public Map<String, String> dashboard(String owner) {
        return Map.of(
                DashboardConfig.HISTORY,
                root.resolve("dashboard").resolve(owner + ".ring").toString(),
                DashboardConfig.SAMPLES,
                samples().toString());
    }

    /** Where the roles' log goes. */
    public Path log() {
        return root.resolve("logs").resolve("realalign.log");
    }

    /** The stores of this folder, as configuration. */
    public Map<String, String> stores() {
        return Map.of(
                StoreConfig.BLOB_STORE, root.resolve("blobs").toUri().toString(),
                StoreConfig.CHECKPOINT_STORE, root.resolve("store").toUri().toString());
    }

    /** Whether a cluster has kept its data here before. */
    public boolean isUsed() {
        return Files.isDirectory(root.resolve("broker"));
    }

    /** Tells other processes which configuration leads to the cluster of this process. */
    public void announce(Map<String, String> configuration) throws IOException {
        Properties properties = new Properties();
        properties.putAll(configuration);
        ProcessHandle self = ProcessHandle.current();
        properties.put(OWNER, Long.toString(self.pid()));
        properties.put(OWNER_STARTED, started(self));
        Path unfinished = root.resolve("cluster.properties.tmp");
        try (Writer out = Files.newBufferedWriter(unfinished, StandardCharsets.UTF_8)) {
            properties.store(out, "The running cluster of this folder, for --config of other commands.");
        }
        Files.move(unfinished, announcement(), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    /** Takes the announcement back. */
    public void withdraw() throws IOException {
        Files.deleteIfExists(announcement());
    }

    /** The configuration another process announced, while that process lives. */
    public Optional<Map<String, String>> running() {
        if (!Files.isRegularFile(announcement())) {
            return Optional.empty();
        }
        Map<String, String> announced = new TreeMap<>(ConfigFile.read(announcement()));
        String process = announced.remove(OWNER);
        String started = announced.remove(OWNER_STARTED);
        boolean lives = process != null
                && process.matches("\\d{1,18}")
                && ProcessHandle.of(Long.parseLong(process))
                        .filter(owner -> owner.isAlive() && started(owner).equals(started))
                        .isPresent();
        return lives ? Optional.of(announced) : Optional.empty();
    }

    private Path announcement() {
        return root.resolve("cluster.properties");
    }

    /** A process number is used again in time; with the start it names one process for ever. */
    private static String started(ProcessHandle process) {
        return process.info().startInstant().map(Instant::toString).orElse("unknown");
    }
}
