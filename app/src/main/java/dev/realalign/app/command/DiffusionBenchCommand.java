package dev.realalign.app.command;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.realalign.diffusion.bench.Measurement;
import dev.realalign.diffusion.bench.Scale;
import dev.realalign.diffusion.bench.Workload;
import dev.realalign.diffusion.bench.Workloads;
import dev.realalign.diffusion.tensor.Device;
import dev.realalign.diffusion.tensor.ElementType;
import dev.realalign.diffusion.tensor.TensorException;
import dev.realalign.diffusion.tensor.TorchEngine;
import dev.realalign.runtime.UserErrorException;
import dev.realalign.trainer.bench.DpoStep;
import dev.realalign.trainer.learn.EngineSettings;
import java.io.IOException;
import java.io.PrintWriter;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * {@code realalign bench diffusion}: the networks' steps. Each workload is measured in a process of its own, so that its peak
 * memory is its own.
 */
@Command(
        name = "diffusion",
        description = "Measures steps of a fixed U-Net and autoencoder with random weights: time and memory.",
        sortOptions = false,
        footer = {
            "",
            "Workloads: forward, full (forward, backward, AdamW on every weight), sampling (DDIM), decode (autoencoder), dpo",
            "(4 pairs: reference forward, LoRA policy forward and backward). A batch is 8 images of 32 x 32 latents with",
            "prompts of 77 tokens, in F32. Each is measured in a process of its own; \"peak\" is the most memory that process",
            "ever had (VmHWM; on a GPU that of the host), \"prepared\" what it had before the first step.",
            "",
            "Examples:",
            "  realalign bench diffusion --json",
            "  realalign bench diffusion --only full --only dpo --steps 12 --threads 2"
        })
final class DiffusionBenchCommand implements Callable<Integer> {
    /** Entry point of the command; by name, since it knows all commands. */
    static final String MAIN = "dev.realalign.app.Main";

    private static final String NAME = "name";
    private static final String WORKLOADS = "workloads";

    @Option(
            names = "--only",
            paramLabel = "NAME",
            description = "Measure this workload only; may be given several times (default: all).")
    private List<String> only = new ArrayList<>();

    @Option(
            names = "--device",
            paramLabel = "DEVICE",
            defaultValue = "cpu",
            description = "cpu, cuda, or cuda:N (default: ${DEFAULT-VALUE}).")
    private String device;

    @Option(
            names = "--threads",
            paramLabel = "N",
            description = "Processor threads of the tensor engine (default: what the engine was started with).")
    private @Nullable Integer threads;

    @Option(
            names = "--replicas",
            paramLabel = "N",
            defaultValue = "1",
            description =
                    "Replicas of the network that share the pairs of the step dpo, each with --threads threads, as"
                            + " trainer.devices makes them (default: ${DEFAULT-VALUE}).")
    private int replicas;

    @Option(
            names = "--steps",
            paramLabel = "N",
            defaultValue = "12",
            description = "Steps that count (default: ${DEFAULT-VALUE}).")
    private int steps;

    @Option(
            names = "--warm-up",
            paramLabel = "N",
            defaultValue = "3",
            description = "Steps before them that do not (default: ${DEFAULT-VALUE}).")
    private int warmUp;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        if (steps < 1 || replicas < 1 || warmUp < 0 || (threads != null && threads < 1)) {
            throw UserErrorException.usage(
                    "--steps, --replicas and --threads must be at least 1, --warm-up at least 0.");
        }
        Device where = where();
        List<Workload> chosen = chosen(engine(where));
        if (threads != null) {
            TorchEngine.setThreads(threads);
        }
        if (!where.isUsable()) {
            throw UserErrorException.failure("--device " + device
                    + " cannot be used: this build of the tensor engine finds no such GPU here; use --device cpu.");
        }
        ObjectNode report = Json.object()
                .put("device", where.name())
                .put("threads", TorchEngine.threads())
                .put("replicas", replicas)
                .put("warmUp", warmUp)
                .put("steps", steps);
        ArrayNode measured = report.putArray(WORKLOADS);
        PrintWriter out = spec.commandLine().getOut();
        if (!json) {
            out.println("WORKLOAD     MEDIAN MS   IMAGES/S   PREPARED MB   PEAK MB");
        }
        for (Workload workload : chosen) {
            JsonNode one = chosen.size() == 1 ? here(workload, where) : inOwnProcess(workload);
            measured.add(one);
            if (!json) {
                out.println(line(one));
                out.flush();
            }
        }
        if (json) {
            Json.print(out, report);
        }
        out.flush();
        return ExitCode.OK;
    }

    private List<Workload> chosen(EngineSettings engine) {
        List<Workload> all = Stream.concat(Workloads.all().stream(), Stream.of(new DpoStep(engine)))
                .toList();
        List<String> names = all.stream().map(Workload::name).toList();
        List<String> unknown =
                only.stream().filter(name -> !names.contains(name)).toList();
        if (!unknown.isEmpty()) {
            throw UserErrorException.usage("--only " + String.join(", ", unknown) + " is unknown: choose from "
                    + String.join(", ", names) + ".");
        }
        return all.stream()
                .filter(workload -> only.isEmpty() || only.contains(workload.name()))
                .toList();
    }

    private EngineSettings engine(Device where) {
        try {
            return new EngineSettings(Collections.nCopies(replicas, where), ElementType.F32, false);
        } catch (IllegalArgumentException e) {
            throw UserErrorException.usage("--replicas " + replicas + " is not possible: " + e.getMessage() + ".");
        }
    }

    private Device where() {
        try {
            return new Device(device.equals("cuda") ? "cuda:0" : device);
        } catch (IllegalArgumentException e) {
            throw UserErrorException.usage("--device " + device + " is unknown: use cpu, cuda or cuda:N.");
        }
    }

    private ObjectNode here(Workload workload, Device where) {
        try {
            return object(Measurement.of(workload, Scale.standard(where), warmUp, steps));
        } catch (TensorException e) {
            throw UserErrorException.failure(workload.name() + " on " + where + ": " + e.getMessage(), e);
        }
    }

    /** This very command for one workload, under the same Java options. */
    private JsonNode inOwnProcess(Workload workload) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), MAIN));
        command.addAll(List.of("bench", "diffusion", "--json", "--only", workload.name(), "--device", device));
        command.addAll(List.of("--steps", String.valueOf(steps), "--warm-up", String.valueOf(warmUp)));
        command.addAll(List.of("--threads", String.valueOf(TorchEngine.threads())));
        command.addAll(List.of("--replicas", String.valueOf(replicas)));
        try {
            Process process = new ProcessBuilder(command)
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            try {
                byte[] printed = process.getInputStream().readAllBytes();
                int code = process.waitFor();
                if (code != ExitCode.OK) {
                    throw UserErrorException.failure(
                            "The measurement of " + workload.name() + " ended with exit code " + code + ".");
                }
                return Json.parse(printed).path(WORKLOADS).path(0);
            } finally {
                process.destroy();
            }
        } catch (IOException e) {
            throw UserErrorException.failure(
                    "The measurement of " + workload.name() + " cannot be run: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw UserErrorException.failure("The measurement of " + workload.name() + " was interrupted.", e);
        }
    }

    private static ObjectNode object(Measurement measurement) {
        ObjectNode object = Json.object();
        object.put(NAME, measurement.name());
        object.put("images", measurement.images());
        object.put("medianMillis", measurement.medianMillis());
        object.put("imagesPerSecond", measurement.imagesPerSecond());
        ArrayNode millis = object.putArray("millis");
        for (double step : measurement.millis()) {
            millis.add(step);
        }
        measurement.preparedBytes().ifPresent(bytes -> object.put("preparedBytes", bytes));
        measurement.peakBytes().ifPresent(bytes -> object.put("peakBytes", bytes));
        return object;
    }

    private static String line(JsonNode one) {
        return String.format(
                Locale.ROOT,
                "%-10s %11.1f %10.2f   %11s   %7s",
                one.path(NAME).asText(),
                one.path("medianMillis").asDouble(),
                one.path("imagesPerSecond").asDouble(),
                megabytes(one.path("preparedBytes")),
                megabytes(one.path("peakBytes")));
    }

    private static String megabytes(JsonNode bytes) {
        return bytes.isMissingNode() ? "-" : String.valueOf(Math.round(bytes.asLong() / 1e6));
    }
}
