package dev.realalign.app.command;

import dev.realalign.app.demo.StageGroupNames;
import dev.realalign.app.demo.Stages;
import dev.realalign.dashboard.DashboardConfig;
import dev.realalign.dashboard.DashboardService;
import dev.realalign.runtime.LagWatch;
import dev.realalign.schemas.Topics;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code realalign dashboard}: the stream and the model as a web page. */
@Command(
        name = "dashboard",
        description = "Serves a web page of one model line: lag, rejections, triples, training, versions, alarms.",
        sortOptions = false,
        footer = {
            "",
            "It listens on http://127.0.0.1:8470/ unless dashboard.host and dashboard.port say otherwise; any other address needs",
            "dashboard.token. docs/dashboard.md describes the page. A signal (Ctrl-C) ends it in good order.",
            "",
            "Examples:",
            "  realalign dashboard --config cluster.properties -D model.name=portraits",
            "  realalign dashboard --data /tmp/demo -D model.name=tiny-photo -D dashboard.port=9000"
        })
final class DashboardCommand implements Callable<Integer> {
    private static final Duration PAUSE = Duration.ofSeconds(2);
    private static final Duration LONGEST_ANSWER = Duration.ofSeconds(5);

    @Mixin
    private ClusterOptions cluster;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws InterruptedException {
        try (ReachedCluster reached = cluster.reachForDashboard()) {
            Map<String, String> given = reached.properties();
            DashboardConfig config = DashboardConfig.from(given, StageGroupNames.of(given));
            try (LagWatch lags = new LagWatch(
                    config.cluster().withTimeout(LONGEST_ANSWER),
                    Stages::among,
                    List.of(Topics.REAL_IMAGES.name()),
                    PAUSE,
                    LagWatch.WINDOW)) {
                return RoleRun.untilStopped(
                        given,
                        () -> new DashboardService(config, lags, address -> {
                            spec.commandLine().getOut().println("dashboard: " + address);
                            spec.commandLine().getOut().flush();
                        }),
                        (meters, dashboard) -> {});
            }
        }
    }
}
