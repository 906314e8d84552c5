package dev.realalign.app.command;

import dev.realalign.app.metrics.RoleMeters;
import dev.realalign.curator.CuratorConfig;
import dev.realalign.curator.CuratorService;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code realalign curate}: the curator alone. */
@Command(
        name = "curate",
        description = "Runs the curator: real images in, preference triples and rejections with a reason out.",
        sortOptions = false,
        footer = {
            "",
            "docs/configuration.md lists the keys. A signal (Ctrl-C) ends it in good order.",
            "",
            "Example:",
            "  realalign curate --config cluster.properties -D curation.resolution.px=512"
        })
final class CurateCommand implements Callable<Integer> {
    @Mixin
    private ConfigOptions config;

    @Override
    public Integer call() throws InterruptedException {
        Map<String, String> given = config.given();
        return RoleRun.untilStopped(
                given,
                () -> new CuratorService(CuratorConfig.from(given)),
                (meters, curator) -> RoleMeters.curator(meters, curator.counts()));
    }
}
