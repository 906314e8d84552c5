package dev.realalign.app.command;

import dev.realalign.trainer.TrainerConfig;
import dev.realalign.trainer.TrainerService;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code realalign train}: the trainer of a model line alone. */
@Command(
        name = "train",
        description = "Runs the trainer of one model line: preference triples in, checkpoint candidates out.",
        sortOptions = false,
        footer = {
            "",
            "docs/configuration.md lists the keys. A signal (Ctrl-C) ends it in good order.",
            "",
            "Example:",
            "  realalign train --config cluster.properties -D model.name=portraits"
        })
final class TrainCommand implements Callable<Integer> {
    @Mixin
    private ConfigOptions config;

    @Override
    public Integer call() throws InterruptedException {
        return RoleRun.untilStopped(() -> new TrainerService(TrainerConfig.from(config.given())));
    }
}
