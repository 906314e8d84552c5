package dev.realalign.app.demo;

import dev.realalign.app.console.Logging;
import dev.realalign.app.console.StopSignal;
import dev.realalign.app.console.Terminal;
import dev.realalign.app.embedded.EmbeddedCluster;
import dev.realalign.app.embedded.EmbeddedOptions;
import dev.realalign.app.feed.FeedConfig;
import dev.realalign.app.feed.ImageSource;
import dev.realalign.app.metrics.ClusterMetrics;
import dev.realalign.dashboard.DashboardConfig;
import dev.realalign.dashboard.DashboardService;
import dev.realalign.runtime.ClusterConfig;
import dev.realalign.runtime.ClusterSetup;
import dev.realalign.runtime.LagWatch;
import dev.realalign.runtime.Service;
import dev.realalign.runtime.UserErrorException;
import dev.realalign.schemas.Topics;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;

/** Everything on this machine: cluster, roles, dashboard and a feed, from start to an end in good order. */
public final class House {
    private static final Duration LAG_PAUSE = Duration.ofSeconds(1);

    private final HouseSettings settings;
    private final DemoFolder folder;
    private final Terminal terminal;
    private final StopSignal stop;
    private final long began = System.nanoTime();

    /**
     * A house that has not opened.
     *
     * @param terminal where it shows how it goes
     * @param stop closes it
     */
    public House(HouseSettings settings, Terminal terminal, StopSignal stop) {
        this.settings = settings;
        this.terminal = terminal;
        this.stop = stop;
        folder = new DemoFolder(settings.data());
    }

    /**
     * What a run came to.
     *
     * @param report what happened
     * @param configuration of all roles
     */
    public record Outcome(DemoReport report, Map<String, String> configuration) {}

    /**
     * Opens, works until it is time, and closes; the cluster has ended when this returns.
     *
     * @param defaults configuration of the roles below anything the user gives
     * @param source pictures that are fed; the caller's to close
     * @throws UserErrorException what the user can mend
     */
    public Outcome run(Map<String, String> defaults, ImageSource source, Until until)
            throws InterruptedException, IOException {
        try (EmbeddedCluster cluster = EmbeddedCluster.start(
                EmbeddedOptions.in(folder.root()).withPorts(settings.brokerPort(), settings.registryPort()))) {
            Logging.toFile(folder.log());
            folder.keys().readOrGenerate();
            Map<String, String> configuration = configuration(defaults, cluster);
            ClusterConfig reach = ClusterConfig.from(configuration);
            ClusterSetup.prepare(reach, Topics.all());
            folder.announce(configuration);
            try (Roles roles = new Roles(cluster, configuration, settings.line(), folder.received(settings.line()));
                    CensusTaker census = new CensusTaker(reach, settings.line());
                    LagWatch lags =
                            new LagWatch(reach, Stages::among, ClusterMetrics.topics(), LAG_PAUSE, LagWatch.WINDOW);
                    ClusterMetrics metrics =
                            ClusterMetrics.serve(configuration, lags::newest, roles::register, roles::health);
                    DashboardService dashboard = dashboard(configuration, lags);
                    FeedRun feed = new FeedRun(
                            FeedConfig.from(configuration),
                            source,
                            settings.caption(),
                            settings.picturesPerSecond(),
                            fed -> roles.isTooFarAhead(fed, census.census()))) {
                DemoReport report = new DemoRun(began, until, roles, census, lags, feed, terminal, stop).run();
                return new Outcome(report, configuration);
            } finally {
                folder.withdraw();
            }
        }
    }

    /** Serves the page; a port that the user named and cannot have ends the house before it opens. */
    private DashboardService dashboard(Map<String, String> configuration, LagWatch lags) throws InterruptedException {
        Map<String, String> given = new TreeMap<>(folder.dashboard("demo"));
        given.putAll(configuration);
        settings.dashboardPort().ifPresent(port -> given.put(DashboardConfig.PORT, Integer.toString(port)));
        DashboardConfig config = DashboardConfig.from(given, StageGroupNames.of(given));
        DashboardService dashboard = new DashboardService(
                given.containsKey(DashboardConfig.PORT) ? config : config.orAnyFreePort(),
                lags,
                address -> terminal.line("dashboard: " + address));
        dashboard.start();
        while (dashboard.state() == Service.State.STARTING) {
            Thread.sleep(10);
        }
        if (dashboard.failure().orElse(null) instanceof UserErrorException mistake) {
            throw mistake;
        }
        return dashboard;
    }

    /** What the user gave wins over the defaults; where the cluster is wins over both. */
    private Map<String, String> configuration(Map<String, String> defaults, EmbeddedCluster cluster) {
        Map<String, String> configuration = new TreeMap<>(defaults);
        configuration.putAll(settings.given());
        configuration.putAll(cluster.properties());
        return configuration;
    }
}
