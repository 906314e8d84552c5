package dev.realalign.app.command;

import dev.realalign.app.console.StopSignal;
import dev.realalign.app.demo.Demo;
import dev.realalign.app.demo.DemoSettings;
import dev.realalign.app.demo.SampleSheets;
import dev.realalign.curator.CuratorConfig;
import dev.realalign.runtime.ClusterConfig;
import dev.realalign.runtime.UserErrorException;
import dev.realalign.trainer.Preset;
import dev.realalign.trainer.TrainerConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code realalign demo}: the whole house with no further set-up. */
@Command(
        name = "demo",
        description =
                "Runs everything on this machine: a broker and a registry, all roles, real photographs, a small base model.",
        sortOptions = false,
        footer = {
            "",
            "Without --images the pictures are tiles of the bundled camera photographs. Everything is kept in the data folder:",
            "started again, the demo goes on from the last version. Ctrl-C ends it in good order, a second Ctrl-C at once.",
            "",
            "Examples:",
            "  realalign demo",
            "  realalign demo --images photos/ --data /tmp/demo",
            "  realalign demo --headless --images photos.zip --until-checkpoints 3 --data /tmp/demo --report report.json"
        })
final class DemoCommand implements Callable<Integer> {
    @Mixin
    private HouseOptions house;

    @Option(
            names = "--until-checkpoints",
            paramLabel = "N",
            description =
                    "End once the data folder has N versions, published and received (default: end when the pictures are used up).")
    private @Nullable Integer untilCheckpoints;

    @Option(
            names = "--deterministic",
            description =
                    "Equal pictures make equal ledgers and equal weights, bit for bit, whatever kills it on the way.")
    private boolean deterministic;

    @Option(names = "--report", paramLabel = "FILE.json", description = "Write what happened as one JSON object.")
    private @Nullable Path report;

    @Option(
            names = "--prompt",
            paramLabel = "TEXT",
            description = "A prompt of the sample sheets; may be given several times.")
    private List<String> prompts = new ArrayList<>();

    @Option(
            names = "--sheets",
            description =
                    "Draw the samples of every version at the end, not only of the base model and the newest one.")
    private boolean sheets;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws InterruptedException, IOException {
        List<String> problems = house.problems();
        if (untilCheckpoints != null && untilCheckpoints < 1) {
            problems.add(
                    "--until-checkpoints is " + untilCheckpoints + ": ask for at least 1 version, or leave it out.");
        }
        if (report != null && !isWritablePlace(report)) {
            problems.add("The report cannot be written to " + report
                    + ": choose a file in a folder that exists and may be written to.");
        }
        if (!problems.isEmpty()) {
            throw UserErrorException.usage(problems);
        }
        DemoSettings settings = new DemoSettings(
                house.settings(given()),
                untilCheckpoints == null ? OptionalInt.empty() : OptionalInt.of(untilCheckpoints),
                report,
                prompts.isEmpty() ? SampleSheets.PROMPTS : prompts,
                sheets);
        new Demo(settings, house.terminal(spec.commandLine().getOut()), StopSignal.listen()).run();
        return ExitCode.OK;
    }

    /**
     * What the user gave, over the settings of the bundled model. Determinism needs the one order that one partition has, no
     * picture that waits for the verdict on another one, and none that waits for a generator: when those come is a matter of
     * time.
     */
    private Map<String, String> given() {
        Map<String, String> given = new HashMap<>(house.given());
        if (!house.hasModel()) {
            given.putIfAbsent(TrainerConfig.PRESET, Preset.TINY_DEMO.text());
        }
        if (deterministic) {
            given.put(TrainerConfig.DETERMINISTIC, "true");
            given.putIfAbsent(ClusterConfig.IMAGE_PARTITIONS, "1");
            given.putIfAbsent(CuratorConfig.GATE_MODES, "NEAR_DUPLICATE:off,OWN_OUTPUT:off");
            given.putIfAbsent(CuratorConfig.NEGATIVE_MIX, CuratorConfig.PERTURBATIONS);
        }
        return given;
    }

    private static boolean isWritablePlace(Path file) {
        Path folder = file.toAbsolutePath().getParent();
        return folder != null && Files.isDirectory(folder) && Files.isWritable(folder) && !Files.isDirectory(file);
    }
}
