package dev.realalign.app.command;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.realalign.diffusion.tensor.TorchEngine;
import dev.realalign.runtime.ClusterConfig;
import dev.realalign.runtime.ModelConfig;
import dev.realalign.runtime.StoreConfig;
import dev.realalign.runtime.UserErrorException;
import dev.realalign.trainer.TrainerConfig;
import dev.realalign.trainer.bench.TrainerBenchmark;
import dev.realalign.trainer.learn.CacheUse;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code realalign bench trainer}: the trainer's loop on a backlog in memory. */
@Command(
        name = "trainer",
        description = "Measures the trainer's whole loop on a backlog in memory: pairs per second, idle time, memory.",
        sortOptions = false,
        footer = {
            "",
            "Planning, steps, held-out measures and candidates on the disk are those of the trainer under its defaults; what is",
            "left out is the broker. Step times include the candidate where one was due. Memory is that of the whole process,",
            "looked at before the first counted step and after each tenth of them.",
            "",
            "Examples:",
            "  realalign bench trainer --json",
            "  realalign bench trainer --steps 10000 --threads 1 -D trainer.replay.share=0.25"
        })
final class TrainerBenchCommand implements Callable<Integer> {
    @Option(names = "--model", paramLabel = "DIR", description = "Folder of the base model (default: the bundled one).")
    private @Nullable Path model;

    @Option(
            names = "--pairs",
            paramLabel = "N",
            defaultValue = "4",
            description = "Pairs of a batch (default: ${DEFAULT-VALUE}).")
    private int pairs;

    @Option(
            names = "--threads",
            paramLabel = "N",
            description = "Processor threads of the tensor engine (default: what the engine was started with).")
    private @Nullable Integer threads;

    @Option(
            names = "--steps",
            paramLabel = "N",
            defaultValue = "100",
            description = "Steps that count (default: ${DEFAULT-VALUE}).")
    private int steps;

    @Option(
            names = "--warm-up",
            paramLabel = "N",
            defaultValue = "20",
            description = "Steps before them that do not (default: ${DEFAULT-VALUE}).")
    private int warmUp;

    @Option(names = "-D", paramLabel = "KEY=VALUE", description = "A key of the trainer's configuration.")
    private Map<String, String> keys = new LinkedHashMap<>();

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (steps < 1 || warmUp < 0 || pairs < 1 || (threads != null && threads < 1)) {
            throw UserErrorException.usage("--steps, --pairs and --threads must be at least 1, --warm-up at least 0.");
        }
        if (threads != null) {
            TorchEngine.setThreads(threads);
        }
        TrainerConfig config = config(model == null ? BundledModel.folder() : model);
        TrainerBenchmark.Report report = new TrainerBenchmark(config, warmUp, steps).run();
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            Json.print(out, object(report));
        } else {
            print(out, report);
        }
        out.flush();
        return ExitCode.OK;
    }

    /** The trainer's defaults but for the batch; an alarm would end the measurement. */
    private TrainerConfig config(Path folder) {
        Map<String, String> given = new HashMap<>();
        given.put(ModelConfig.MODEL, "bench");
        given.put(TrainerConfig.BASE_MODEL, folder.toString());
        given.put(StoreConfig.CHECKPOINT_STORE, "file:///unused");
        given.put(ClusterConfig.BOOTSTRAP_SERVERS, "unused:9092");
        given.put(ClusterConfig.SCHEMA_REGISTRY_URL, "http://unused");
        given.put(TrainerConfig.BATCH_PAIRS, String.valueOf(pairs));
        given.put(TrainerConfig.ALARM_ACTION, "none");
        given.putAll(keys);
        return TrainerConfig.from(given);
    }

    private ObjectNode object(TrainerBenchmark.Report report) {
        ObjectNode object = Json.object()
                .put("pairs", pairs)
                .put("threads", TorchEngine.threads())
                .put("warmUp", warmUp)
                .put("steps", steps)
                .put("pairsPerSecond", report.pairsPerSecond())
                .put("idleRatio", report.idleRatio())
                .put("candidates", report.candidates());
        object.putObject("stepMillis")
                .put("p50", report.percentile(0.5))
                .put("p90", report.percentile(0.9))
                .put("p99", report.percentile(0.99))
                .put("max", report.percentile(1));
        ArrayNode memory = object.putArray("memory");
        for (TrainerBenchmark.Look look : report.memory()) {
            ObjectNode node = memory.addObject().put("step", look.step());
            look.residentBytes().ifPresent(bytes -> node.put("residentBytes", bytes));
            node.put("tensors", look.tensors());
        }
        report.peakBytes().ifPresent(bytes -> object.put("peakBytes", bytes));
        put(object.putObject("captionCache"), report.captions());
        put(object.putObject("posteriorCache"), report.posteriors());
        return object;
    }

    private static void put(ObjectNode into, CacheUse use) {
        into.put("hits", use.hits()).put("misses", use.misses()).put("hitRate", use.hitRate());
    }

    private void print(PrintWriter out, TrainerBenchmark.Report report) {
        out.printf(
                Locale.ROOT,
                "%.1f pairs/s at %d pairs a step on %d threads; idle %.1f %%; %d candidates%n",
                report.pairsPerSecond(),
                pairs,
                TorchEngine.threads(),
                100 * report.idleRatio(),
                report.candidates());
        out.printf(
                Locale.ROOT,
                "step ms: median %.1f, 90 %% within %.1f, 99 %% within %.1f, longest %.1f%n",
                report.percentile(0.5),
                report.percentile(0.9),
                report.percentile(0.99),
                report.percentile(1));
        report.memory()
                .forEach(look -> out.printf(
                        Locale.ROOT,
                        "after %6d steps: %s MB, %d native arrays%n",
                        look.step(),
                        look.residentBytes().isPresent()
                                ? String.valueOf(Math.round(look.residentBytes().getAsLong() / 1e6))
                                : "-",
                        look.tensors()));
        out.printf(
                Locale.ROOT,
                "found in the cache: captions %.1f %%, encoded images %.1f %%%n",
                100 * report.captions().hitRate(),
                100 * report.posteriors().hitRate());
    }
}
