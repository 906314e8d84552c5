package dev.realalign.app.command;

import dev.realalign.app.console.Terminal;
import dev.realalign.app.demo.DemoFolder;
import dev.realalign.app.demo.HouseSettings;
import dev.realalign.schemas.ModelName;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What a whole house on this machine is told: pictures, model, data folder and ports. */
@Command
final class HouseOptions {
    @Option(
            names = "--images",
            paramLabel = "PATH",
            description = "A folder, a .zip, a .tar, or a .csv or .jsonl of paths with captions.")
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
            description = "Base model in the diffusers layout (demo: the bundled tiny-photo, up: required).")
    private @Nullable Path model;

    @Option(
            names = "--name",
            paramLabel = "NAME",
            description = "Name of the model line (default: the name of the model's folder).")
    private @Nullable String name;

    @Option(names = "--data", paramLabel = "DIR", description = "Where everything is kept (default: ~/.realalign).")
    private @Nullable Path data;

    @Option(names = "--headless", description = "Plain lines instead of the live summary.")
    private boolean headless;

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

    @Option(
            names = "--dashboard-port",
            paramLabel = "N",
            description =
                    "Port of the dashboard; 0 for any free one (default: 8470, or any free one when that is taken).")
    private @Nullable Integer dashboardPort;

    @Mixin
    private ConfigOptions config;

    /** Whether the user named a base model. */
    boolean hasModel() {
        return model != null;
    }

    private Path model() {
        return model == null ? BundledModel.folder() : model;
    }

    private String line() {
        return name == null
                ? String.valueOf(model().toAbsolutePath().normalize().getFileName())
                : name;
    }

    /** What the user gave beside these options. */
    Map<String, String> given() {
        return config.given();
    }

    /**
     * The house they describe.
     *
     * @param given configuration of the roles
     */
    HouseSettings settings(Map<String, String> given) {
        return new HouseSettings(
                Optional.ofNullable(images),
                caption,
                rate,
                model(),
                line(),
                data == null ? DemoFolder.DEFAULT : data,
                given,
                brokerPort,
                registryPort,
                dashboardPort == null ? OptionalInt.empty() : OptionalInt.of(dashboardPort));
    }

    /** Where it is shown how things go. */
    Terminal terminal(PrintWriter out) {
        return headless ? new Terminal(out, false) : Terminal.of(out);
    }

    /** Everything that is wrong with them. */
    List<String> problems() {
        List<String> problems = new ArrayList<>();
        if (!ModelName.isValid(line())) {
            problems.add("\"" + line()
                    + "\" cannot name a model line: give letters, digits, dots, hyphens and underscores with --name.");
        }
        if (!Files.isDirectory(model())) {
            problems.add("There is no model folder at " + model() + ": name one in the diffusers layout with --model.");
        }
        if (images != null && !Files.exists(images)) {
            problems.add("There is no folder, archive or list at " + images + ": check the path of the images.");
        }
        if (rate < 0 || Double.isNaN(rate)) {
            problems.add("--rate is " + rate + ": give pictures per second, or 0 for no limit.");
        }
        if (isNoPort(brokerPort) || isNoPort(registryPort) || (brokerPort != 0 && brokerPort == registryPort)) {
            problems.add(
                    "--broker-port and --registry-port must be two different ports from 1 to 65535, or 0 for any free one.");
        }
        if (dashboardPort != null && isNoPort(dashboardPort)) {
            problems.add(
                    "--dashboard-port is " + dashboardPort + ": give a port from 1 to 65535, or 0 for any free one.");
        }
        return problems;
    }

    private static boolean isNoPort(int port) {
        return port < 0 || port > 65_535;
    }
}
