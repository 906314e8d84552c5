package dev.realalign.app.command;

import dev.realalign.app.demo.DemoFolder;
import dev.realalign.app.embedded.EmbeddedCluster;
import dev.realalign.app.embedded.EmbeddedOptions;
import dev.realalign.runtime.ClusterConfig;
import dev.realalign.runtime.UserErrorException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Which cluster a command talks to: a configured one, or the embedded one of a data folder. */
@Command
final class ClusterOptions {
    @Mixin
    private ConfigOptions config;

    @Option(
            names = "--data",
            paramLabel = "DIR",
            description =
                    "Without bootstrap.servers in the configuration: the data folder of a demo, running or not (default:"
                            + " ~/.realalign).")
    private @Nullable Path data;

    /**
     * The cluster, ready to be used. The embedded cluster of a folder where none runs is started for as long as the command needs it.
     *
     * @throws UserErrorException when there is none
     */
    ReachedCluster reach() {
        Map<String, String> given = config.given();
        if (given.containsKey(ClusterConfig.BOOTSTRAP_SERVERS)) {
            return new ReachedCluster(given, () -> {});
        }
        DemoFolder folder = new DemoFolder(data == null ? DemoFolder.DEFAULT : data);
        Map<String, String> running = folder.running().orElse(null);
        if (running != null) {
            return new ReachedCluster(with(running, given), () -> {});
        }
        if (!folder.isUsed()) {
            throw UserErrorException.usage(
                    "No cluster is named and no demo has run in " + folder.root()
                            + ": give --config FILE or -D bootstrap.servers=HOST:PORT, or the data folder of a demo with --data.");
        }
        EmbeddedCluster started = EmbeddedCluster.start(EmbeddedOptions.in(folder.root()));
        return new ReachedCluster(with(with(folder.stores(), started.properties()), given), started::close);
    }

    /** The same for a dashboard, which keeps its history and finds its samples in the data folder unless the user says otherwise. */
    ReachedCluster reachForDashboard() {
        ReachedCluster reached = reach();
        if (config.given().containsKey(ClusterConfig.BOOTSTRAP_SERVERS)) {
            return reached;
        }
        DemoFolder folder = new DemoFolder(data == null ? DemoFolder.DEFAULT : data);
        return new ReachedCluster(with(folder.dashboard("command"), reached.properties()), reached.end());
    }

    private static Map<String, String> with(Map<String, String> base, Map<String, String> winning) {
        Map<String, String> both = new HashMap<>(base);
        both.putAll(winning);
        return both;
    }
}
