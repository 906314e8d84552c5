package dev.realalign.app.command;

import dev.realalign.app.metrics.RoleMeters;
import dev.realalign.trainer.TrainerConfig;
import dev.realalign.trainer.TrainerService;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code realalign train}: the trainer of a model line alone. */
@Command(
        name = "train",
        description = "Runs the trainer of one model line: preference triples in, checkpoint candidates out.",
        sortOptions = false,
        footer = {
            "",
            "docs/configuration.md lists the keys. A signal (Ctrl-C) ends it in good order. Of several trainers of a line one",
            "trains and the others stand by.",
            "",
            "Examples:",
            "  realalign train --config cluster.properties -D model.name=portraits",
            "  realalign train --config cluster.properties -D trainer.learning.rate=1e-5 --resume"
        })
final class TrainCommand implements Callable<Integer> {
    @Mixin
    private ConfigOptions config;

    @Option(
            names = "--accept-gap",
            description =
                    "Give up triples that expired before they were trained, each range as an entry of the ledger.")
    private boolean acceptGap;

    @Option(
            names = "--resume",
            description = "Go on where training rests after an alarm (docs/operations.md), as an entry of the ledger.")
    private boolean resume;

    @Override
    public Integer call() throws InterruptedException {
        Map<String, String> given = new HashMap<>(config.given());
        if (acceptGap) {
            given.put(TrainerConfig.ACCEPT_GAP, "true");
        }
        if (resume) {
            given.put(TrainerConfig.RESUME, "true");
        }
        return RoleRun.untilStopped(
                given,
                () -> new TrainerService(TrainerConfig.from(given)),
                (meters, trainer) -> RoleMeters.trainer(meters, trainer::progress));
    }
}
