package dev.realalign.app.command;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.realalign.app.bench.PublishingBenchmark;
import dev.realalign.app.console.Logging;
import dev.realalign.runtime.UserErrorException;
import dev.realalign.schemas.StoreFolder;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code bench publish}. */
@Command(
        name = "publish",
        description = {
            "Measures the way of a rank 4 adapter of Stable Diffusion 1.5 from the trainer's announcement to verified files"
                    + " on a subscriber's disk.",
            "Publisher, subscriber and broker are the real ones, all on this machine."
        },
        sortOptions = false,
        footer = {"", "Example:", "  realalign bench publish --json"})
final class PublishBenchCommand implements Callable<Integer> {
    @Option(
            names = "--versions",
            paramLabel = "N",
            defaultValue = "20",
            description = "Versions to measure, after two to warm up (default: ${DEFAULT-VALUE}).")
    private int versions;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (versions < 1) {
            throw UserErrorException.usage("--versions must be at least 1.");
        }
        Logging.toStandardError();
        Path folder = Files.createTempDirectory("realalign-bench");
        PublishingBenchmark.Report report;
        try {
            report = new PublishingBenchmark(versions, folder).run();
        } finally {
            StoreFolder.remove(folder);
        }
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            ObjectNode object = Json.object();
            object.put("parameters", report.parameters());
            object.put("bytes", report.bytes());
            object.put("versions", report.announced().size());
            put(object.putObject("announcedToVerifiedSeconds"), report.announced());
            put(object.putObject("stepEndToVerifiedSeconds"), report.stepEnd());
            Json.print(out, object);
        } else {
            out.println(String.format(
                    Locale.ROOT,
                    "%d versions of %d parameters, %d bytes each",
                    report.announced().size(),
                    report.parameters(),
                    report.bytes()));
            print(out, "announced to verified", report.announced());
            print(out, "step's end to verified", report.stepEnd());
        }
        out.flush();
        return ExitCode.OK;
    }

    private static void put(ObjectNode object, List<Double> seconds) {
        List<Double> sorted = seconds.stream().sorted().toList();
        object.put("median", quantile(sorted, 0.5));
        object.put("p95", quantile(sorted, 0.95));
        object.put("max", sorted.get(sorted.size() - 1));
    }

    private static void print(PrintWriter out, String what, List<Double> seconds) {
        List<Double> sorted = seconds.stream().sorted().toList();
        out.println(String.format(
                Locale.ROOT,
                "%-24s median %.3f s, 95 %% within %.3f s, longest %.3f s",
                what,
                quantile(sorted, 0.5),
                quantile(sorted, 0.95),
                sorted.get(sorted.size() - 1)));
    }

    /** The smallest figure that this share of all figures does not exceed. */
    private static double quantile(List<Double> sorted, double share) {
        return sorted.get(Math.max(0, (int) Math.ceil(share * sorted.size()) - 1));
    }
}
