package dev.realalign.app.command;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.realalign.diffusion.ModelFormatException;
import dev.realalign.diffusion.parity.Golden;
import dev.realalign.diffusion.parity.ParityCheck;
import dev.realalign.diffusion.parity.ParityChecks;
import dev.realalign.diffusion.parity.ParityResult;
import dev.realalign.runtime.UserErrorException;
import dev.realalign.trainer.parity.ObjectiveParityChecks;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code realalign parity}: the networks and objectives against reference tensors. */
@Command(
        name = "parity",
        description =
                "Compares networks, samplers and objectives with reference tensors made by PyTorch and diffusers.",
        sortOptions = false,
        footer = {
            "",
            "Runs every check whose files are there; ends with 0 only if there are some and all of them pass.",
            "",
            "Example:",
            "  realalign parity --golden golden/ --json"
        })
final class ParityCommand implements Callable<Integer> {
    @Option(
            names = "--golden",
            paramLabel = "DIR",
            required = true,
            description = "Folder of reference tensors, with the models they were made with below DIR/models.")
    private Path golden;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        Golden folder;
        try {
            folder = new Golden(golden);
        } catch (ModelFormatException e) {
            throw UserErrorException.usage(e.getMessage() + ": name the folder with --golden.");
        }
        PrintWriter out = spec.commandLine().getOut();
        List<ParityResult> results = new ArrayList<>();
        List<String> missing = new ArrayList<>();
        if (!json) {
            out.println("CHECK                                            ERROR   TOLERANCE");
        }
        Stream.concat(ParityChecks.all().stream(), ObjectiveParityChecks.all().stream())
                .forEach(check -> {
                    if (!check.isPresent(folder)) {
                        missing.add(check.name());
                        return;
                    }
                    List<ParityResult> found = run(check, folder);
                    results.addAll(found);
                    if (!json) {
                        found.forEach(result -> out.println(line(result)));
                        out.flush();
                    }
                });
        boolean ok = !results.isEmpty() && results.stream().allMatch(ParityResult::ok);
        if (json) {
            Json.print(out, object(results, missing, ok));
        } else {
            out.println(String.format(
                    Locale.ROOT,
                    "%d checks, %d failed, %d missing%s",
                    results.size(),
                    results.stream().filter(result -> !result.ok()).count(),
                    missing.size(),
                    missing.isEmpty() ? "" : ": " + String.join(", ", missing)));
        }
        out.flush();
        return ok ? ExitCode.OK : ExitCode.SOFTWARE;
    }

    /** A check whose files are unusable has failed; why is said on standard error. */
    private List<ParityResult> run(ParityCheck check, Golden folder) {
        try {
            return check.run(folder);
        } catch (ModelFormatException e) {
            spec.commandLine().getErr().println("realalign: " + check.name() + ": " + e.getMessage());
            spec.commandLine().getErr().flush();
            return List.of(new ParityResult(check.name(), ParityResult.INCOMPARABLE, 0));
        }
    }

    private static String line(ParityResult result) {
        return String.format(
                Locale.ROOT,
                "%-44s %9.2e   %9.2e   %s",
                result.name(),
                result.error(),
                result.tolerance(),
                result.ok() ? "ok" : "FAILED");
    }

    private static ObjectNode object(List<ParityResult> results, List<String> missing, boolean ok) {
        ObjectNode object = Json.object();
        ArrayNode checks = object.putArray("checks");
        for (ParityResult result : results) {
            checks.addObject()
                    .put("name", result.name())
                    .put("error", result.error())
                    .put("tolerance", result.tolerance())
                    .put("ok", result.ok());
        }
        ArrayNode absent = object.putArray("missing");
        missing.forEach(absent::add);
        object.put("ok", ok);
        return object;
    }
}
