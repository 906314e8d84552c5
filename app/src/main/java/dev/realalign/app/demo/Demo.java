package dev.realalign.app.demo;

import dev.realalign.app.console.Logging;
import dev.realalign.app.console.StopSignal;
import dev.realalign.app.console.Terminal;
import dev.realalign.app.embedded.EmbeddedCluster;
import dev.realalign.app.embedded.EmbeddedOptions;
import dev.realalign.app.feed.CameraTiles;
import dev.realalign.app.feed.FeedConfig;
import dev.realalign.app.feed.ImageSource;
import dev.realalign.app.metrics.ClusterMetrics;
import dev.realalign.app.sample.Painter;
import dev.realalign.dashboard.DashboardConfig;
import dev.realalign.dashboard.DashboardService;
import dev.realalign.runtime.ClusterConfig;
import dev.realalign.runtime.ClusterSetup;
import dev.realalign.runtime.LagWatch;
import dev.realalign.runtime.Service;
import dev.realalign.runtime.UserErrorException;
import dev.realalign.schemas.Topics;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The demo from start to end: model, pictures, cluster and roles, then {@link DemoRun}, then the sample sheets.
 */
public final class Demo {
    private static final Duration LAG_PAUSE = Duration.ofSeconds(1);

    private final DemoSettings settings;
    private final Terminal terminal;
    private final StopSignal stop;
    private final long began = System.nanoTime();

    /**
     * A demo that has not begun.
     *
     * @param terminal where it shows how it goes
     * @param stop ends it early
     */
    public Demo(DemoSettings settings, Terminal terminal, StopSignal stop) {
        this.settings = settings;
        this.terminal = terminal;
        this.stop = stop;
    }

    /**
     * Runs to the end and writes the report, where one is wanted.
     *
     * @throws UserErrorException what the user can mend; for failure also when fewer versions came than were wanted
     */
    public void run() throws InterruptedException, IOException {
        DemoFolder folder = new DemoFolder(settings.data());
        try (Painter painter = Painter.load(settings.model())) {
            Outcome outcome = pipeline(folder, painter.resolution());
            DemoReport report = outcome.report();
            report.stages().forEach(stage -> terminal.line(stage.sentence()));
            if (settings.report() != null) {
                report.write(settings.report());
            }
            drawSamples(painter, folder, report);
            requireWanted(outcome);
        }
    }

    /** What a run came to, and how many triples the wanted versions would have needed. */
    private record Outcome(DemoReport report, long triplesNeeded) {}

    /** Everything that needs the cluster; it has ended when this returns. */
    private Outcome pipeline(DemoFolder folder, int resolution) throws InterruptedException, IOException {
        try (ImageSource source = source(resolution);
                EmbeddedCluster cluster = EmbeddedCluster.start(
                        EmbeddedOptions.in(folder.root()).withPorts(settings.brokerPort(), settings.registryPort()))) {
            Logging.toFile(folder.log());
            folder.keys().readOrGenerate();
            Map<String, String> configuration = configuration(folder, cluster, resolution);
            ClusterConfig reach = ClusterConfig.from(configuration);
            ClusterSetup.prepare(reach, Topics.all());
            folder.announce(configuration);
            try (Roles roles = new Roles(cluster, configuration, settings.line(), folder.received(settings.line()));
                    CensusTaker census = new CensusTaker(reach, settings.line());
                    LagWatch lags =
                            new LagWatch(reach, Stages::among, ClusterMetrics.topics(), LAG_PAUSE, LagWatch.WINDOW);
                    ClusterMetrics metrics =
                            ClusterMetrics.serve(configuration, lags::newest, roles::register, roles::health);
                    DashboardService dashboard = dashboard(folder, configuration, lags);
                    FeedRun feed = new FeedRun(
                            FeedConfig.from(configuration),
                            source,
                            settings.caption(),
                            settings.picturesPerSecond(),
                            fed -> roles.isTooFarAhead(fed, census.census()))) {
                DemoReport report = new DemoRun(
                                began, settings.untilCheckpoints(), roles, census, lags, feed, terminal, stop)
                        .run();
                return new Outcome(
                        report, Roles.triplesFor(settings.untilCheckpoints().orElse(0), configuration));
            } finally {
                folder.withdraw();
            }
        }
    }

    /** Serves the page; a port that the user named and cannot have ends the demo before it begins. */
    private DashboardService dashboard(DemoFolder folder, Map<String, String> configuration, LagWatch lags)
            throws InterruptedException {
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

    private ImageSource source(int resolution) {
        @Nullable Path images = settings.images();
        return images == null ? new CameraTiles(resolution, settings.caption()) : ImageSource.of(images);
    }

    /** What the user gave wins over what fits the demo; where the cluster is wins over both. */
    private Map<String, String> configuration(DemoFolder folder, EmbeddedCluster cluster, int resolution) {
        Map<String, String> configuration =
                new TreeMap<>(Roles.defaults(folder, settings.line(), settings.model(), resolution));
        configuration.putAll(settings.given());
        configuration.putAll(cluster.properties());
        return configuration;
    }

    private void drawSamples(Painter painter, DemoFolder folder, DemoReport report) throws IOException {
        if (report.received().isEmpty()) {
            return;
        }
        long newest = report.received().get(report.received().size() - 1).version();
        terminal.line("drawing samples of the base model and of version " + newest + " (Ctrl-C skips them)");
        List<DemoReport.Received> versions = settings.sheets()
                ? report.received()
                : report.received()
                        .subList(report.received().size() - 1, report.received().size());
        SampleSheets.draw(painter, folder.received(settings.line()), versions, settings.prompts(), folder.samples())
                .forEach(sheet -> terminal.line("  " + sheet));
    }

    private void requireWanted(Outcome outcome) {
        DemoReport report = outcome.report();
        int wanted = settings.untilCheckpoints().orElse(0);
        int received = report.received().size();
        if (received < wanted) {
            throw UserErrorException.failure("Only " + received + " of " + wanted + " versions came: there were "
                    + report.triples()
                    + " triples (" + report.trainedTriples() + " of them trained), and " + wanted + " versions need "
                    + outcome.triplesNeeded() + ". Feed more pictures, or ask for fewer versions.");
        }
    }
}
