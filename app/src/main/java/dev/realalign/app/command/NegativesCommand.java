package dev.realalign.app.command;

import dev.realalign.app.metrics.RoleMeters;
import dev.realalign.generator.GeneratorConfig;
import dev.realalign.generator.GeneratorService;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code realalign negatives}: a negative generator alone. */
@Command(
        name = "negatives",
        description =
                "Runs a negative generator: draws what curators ask for, with the newest version of a model line.",
        sortOptions = false,
        footer = {
            "",
            "docs/configuration.md lists the keys. A signal (Ctrl-C) ends it in good order. Any number may run: they share the",
            "requests.",
            "",
            "Example:",
            "  realalign negatives --config cluster.properties -D model.name=portraits -D generator.base.model=models/sd15 \\",
            "      -D generator.trust.file=publisher.pub"
        })
final class NegativesCommand implements Callable<Integer> {
    @Mixin
    private ConfigOptions config;

    @Override
    public Integer call() throws InterruptedException {
        Map<String, String> given = config.given();
        return RoleRun.untilStopped(
                given,
                () -> new GeneratorService(GeneratorConfig.from(given)),
                (meters, generator) -> RoleMeters.generator(meters, generator::counts));
    }
}
