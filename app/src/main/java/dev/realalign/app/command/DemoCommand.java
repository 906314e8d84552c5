package dev.realalign.app.command;

import dev.realalign.app.console.StopSignal;
import dev.realalign.app.console.Terminal;
import dev.realalign.app.demo.Demo;
import dev.realalign.app.demo.DemoFolder;
import dev.realalign.app.demo.DemoSettings;
import dev.realalign.app.demo.SampleSheets;
import dev.realalign.curator.CuratorConfig;
import dev.realalign.runtime.ClusterConfig;
import dev.realalign.runtime.UserErrorException;
import dev.realalign.schemas.ModelName;
import dev.realalign.trainer.TrainerConfig;
import java.io.IOException;
import java.io.PrintWriter;
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
    @Option(names = "--images", paramLabel = "PATH", description = "A folder, a .zip, or a .csv of path,caption.")
    private @Nullable Path images;

    @Option(
            names = "--caption",
            paramLabel = "TEXT",
            defaultValue = "",
            description = "Caption of pictures that have none.")
    private String caption;

    @Option(
            names = "--rate",
            paramLabel = "N",
            defaultValue = "0",
            description = "Pictures per second at most; 0 for no limit (the default).")
    private double rate;

    @Option(
            names = "--model",
            paramLabel = "DIR",
            description = "Base model in the diffusers layout (default: the bundled tiny-photo).")
    private @Nullable Path model;

    @Option(
            names = "--name",
            paramLabel = "NAME",
            description = "Name of the model line (default: the name of the model's folder).")
    private @Nullable String name;

    @Option(names = "--data", paramLabel = "DIR", description = "Where everything is kept (default: ~/.realalign).")
    private @Nullable Path data;

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

    @Option(names = "--headless", description = "Plain lines instead of the live summary.")
    private boolean headless;

    @Option(names = "--report", paramLabel = "FILE.json", description = "Write what happened as one JSON object.")
    private @Nullable Path report;

    @Option(
            names = "--prompt",
            paramLabel = "TEXT",
            description = "A prompt of the sample sheets; may be given several times.")
    private List<String> prompts = new ArrayList<>();

    @Option(
            names = "--broker-port",
            paramLabel = "N",
            defaultValue = "0",
            description = "Port of the broker; 0 for any free one (the default).")
    private int brokerPort;

    @Option(
            names = "--registry-port",
            paramLabel = "N",
            defaultValue = "0",
            description = "Port of the registry; 0 for any free one (the default).")
    private int registryPort;

    @Mixin
    private ConfigOptions config;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws InterruptedException, IOException {
        Path base = model == null ? BundledModel.folder() : model;
        String line =
                name == null ? String.valueOf(base.toAbsolutePath().normalize().getFileName()) : name;
        List<String> problems = new ArrayList<>();
        if (!ModelName.isValid(line)) {
            problems.add("\"" + line
                    + "\" cannot name a model line: give letters, digits, dots, hyphens and underscores with --name.");
        }
        if (!Files.isDirectory(base)) {
            problems.add("There is no model folder at " + base + ": name one in the diffusers layout with --model.");
        }
        if (images != null && !Files.exists(images)) {
            problems.add("There is no folder, archive or list at " + images + ": check the path of the images.");
        }
        if (untilCheckpoints != null && untilCheckpoints < 1) {
            problems.add(
                    "--until-checkpoints is " + untilCheckpoints + ": ask for at least 1 version, or leave it out.");
        }
        if (rate < 0 || Double.isNaN(rate)) {
            problems.add("--rate is " + rate + ": give pictures per second, or 0 for no limit.");
        }
        if (isNoPort(brokerPort) || isNoPort(registryPort) || (brokerPort != 0 && brokerPort == registryPort)) {
            problems.add(
                    "--broker-port and --registry-port must be two different ports from 1 to 65535, or 0 for any free one.");
        }
        if (report != null && !isWritablePlace(report)) {
            problems.add("The report cannot be written to " + report
                    + ": choose a file in a folder that exists and may be written to.");
        }
        if (!problems.isEmpty()) {
            throw UserErrorException.usage(problems);
        }
        PrintWriter out = spec.commandLine().getOut();
        DemoSettings settings = new DemoSettings(
                images,
                caption,
                rate,
                base,
                line,
                data == null ? DemoFolder.DEFAULT : data,
                untilCheckpoints == null ? OptionalInt.empty() : OptionalInt.of(untilCheckpoints),
                report,
                prompts.isEmpty() ? SampleSheets.PROMPTS : prompts,
                given(),
                brokerPort,
                registryPort);
        new Demo(settings, headless ? new Terminal(out, false) : Terminal.of(out), StopSignal.listen()).run();
        return ExitCode.OK;
    }

    /**
     * What the user gave; determinism needs the one order that one partition has, and no picture that waits for the
     * verdict on another one, since when that falls is a matter of time.
     */
    private Map<String, String> given() {
        Map<String, String> given = new HashMap<>(config.given());
        if (deterministic) {
            given.put(TrainerConfig.DETERMINISTIC, "true");
            given.putIfAbsent(ClusterConfig.IMAGE_PARTITIONS, "1");
            given.putIfAbsent(CuratorConfig.GATE_MODES, "NEAR_DUPLICATE:off,OWN_OUTPUT:off");
        }
        return given;
    }

    private static boolean isNoPort(int port) {
        return port < 0 || port > 65_535;
    }

    private static boolean isWritablePlace(Path file) {
        Path folder = file.toAbsolutePath().getParent();
        return folder != null && Files.isDirectory(folder) && Files.isWritable(folder) && !Files.isDirectory(file);
    }
}
