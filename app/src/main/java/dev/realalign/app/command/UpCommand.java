package dev.realalign.app.command;

import dev.realalign.app.console.StopSignal;
import dev.realalign.app.console.Terminal;
import dev.realalign.app.demo.Up;
import dev.realalign.runtime.UserErrorException;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code realalign up}: the whole house on one machine, on the user's own model, until it is stopped. */
@Command(
        name = "up",
        description =
                "Runs everything on this machine on your own model, until it is stopped: a broker and a registry, all"
                        + " roles and the dashboard.",
        sortOptions = false,
        footer = {
            "",
            "Pictures come from --images, and at any time from other commands on the same folder: realalign feed PATH --data",
            "DIR, or realalign feed --http PORT --data DIR. Settings are the roles' defaults; a preset or keys go into --config",
            "or -D. Ctrl-C ends it in good order, a second Ctrl-C at once; started again it goes on where it was.",
            "",
            "Examples:",
            "  realalign up --model models/sd15 --data /srv/realalign -D trainer.preset=realalign-sd15",
            "  realalign up --headless --model models/sd15 --images photos/ --data /srv/realalign --config portraits.properties"
        })
final class UpCommand implements Callable<Integer> {
    @Mixin
    private HouseOptions house;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws InterruptedException, IOException {
        if (!house.hasModel()) {
            throw UserErrorException.usage(
                    "Name your base model with --model; realalign demo runs on the bundled one.");
        }
        List<String> problems = house.problems();
        if (!problems.isEmpty()) {
            throw UserErrorException.usage(problems);
        }
        Terminal terminal = house.terminal(spec.commandLine().getOut());
        new Up(house.settings(house.given()), terminal, StopSignal.listen()).run();
        return ExitCode.OK;
    }
}
