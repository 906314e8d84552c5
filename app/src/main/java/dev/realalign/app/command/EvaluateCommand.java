package dev.realalign.app.command;

import dev.realalign.app.console.Terminal;
import dev.realalign.app.evaluate.EvaluationReport;
import dev.realalign.app.evaluate.EvaluationReport.AdapterReport;
import dev.realalign.app.evaluate.EvaluationRun;
import dev.realalign.app.evaluate.EvaluationSettings;
import dev.realalign.app.evaluate.FeatureTrainingRun;
import dev.realalign.evaluation.ErrorComparison.BandErrors;
import dev.realalign.evaluation.ErrorComparison.KindErrors;
import dev.realalign.evaluation.SetDistances.AdapterDistance;
import dev.realalign.evaluation.SetDistances.Distance;
import dev.realalign.evaluation.Verdict;
import dev.realalign.evaluation.features.FeatureTraining;
import dev.realalign.evaluation.statistics.Interval;
import dev.realalign.runtime.UserErrorException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code realalign evaluate}: a model against itself with adapters, on real pictures. */
@Command(
        name = "evaluate",
        description = "Measures adapters against the model they were trained on, on real pictures.",
        sortOptions = false,
        footer = {
            "",
            "Every model sees the same pictures, negatives, noise and timesteps, and draws for the same captions and seeds; the",
            "same command on the same machine prints the same numbers. Use pictures that were never trained on. Brackets",
            "hold 95 %% intervals over pictures. docs/evaluation.md explains the numbers.",
            "",
            "Examples:",
            "  realalign evaluate --model models/tiny-photo --lora received/tiny-photo/current --images heldout.zip --json",
            "  realalign evaluate --lora v4.safetensors --lora v9.safetensors --images photos/ --no-drawing --fail-if-worse",
            "  realalign evaluate --train-features labelled.zip --out models/photo-features"
        })
final class EvaluateCommand implements Callable<Integer> {
    /** Sets of half as many are compared pair by pair, which takes memory with the square of the number. */
    private static final int MOST_PICTURES = 4000;

    private static final String RANDOM = "random";

    @Option(
            names = "--model",
            paramLabel = "DIR",
            description = "Model folder in the diffusers layout (default: the bundled tiny-photo).")
    private @Nullable Path model;

    @Option(
            names = "--lora",
            paramLabel = "FILE",
            description =
                    "Adapter file, or the folder of a version; may be given several times. Each is compared with the"
                            + " plain model.")
    private List<Path> loras = new ArrayList<>();

    @Option(
            names = "--images",
            paramLabel = "PATH",
            description = "Real pictures: a folder, a .zip, a .tar, or a .csv or .jsonl of paths with captions.")
    private @Nullable Path images;

    @Option(
            names = "--caption",
            paramLabel = "TEXT",
            defaultValue = "",
            description = "Caption of pictures that have none.")
    private String caption;

    @Option(
            names = "--count",
            paramLabel = "N",
            defaultValue = "320",
            description = "Pictures to use at most, drawn from all of them (default: ${DEFAULT-VALUE}).")
    private int count;

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "0",
            description = "Seed of everything that is drawn (default: ${DEFAULT-VALUE}).")
    private long seed;

    @Option(
            names = "--bands",
            paramLabel = "N",
            defaultValue = "5",
            description = "Parts of the noise schedule, each measured once per picture (default: ${DEFAULT-VALUE}).")
    private int bands;

    @Option(names = "--no-drawing", description = "Measure errors alone: no pictures are drawn, no distances taken.")
    private boolean noDrawing;

    @Option(
            names = "--steps",
            paramLabel = "N",
            defaultValue = "25",
            description = "Sampling steps of drawn pictures (default: ${DEFAULT-VALUE}).")
    private int steps;

    @Option(
            names = "--guidance",
            paramLabel = "G",
            defaultValue = "2.5",
            description = "Guidance of drawn pictures (default: ${DEFAULT-VALUE}).")
    private double guidance;

    @Option(
            names = "--batch",
            paramLabel = "N",
            defaultValue = "16",
            description = "Pictures in the network at once; fewer take less memory (default: ${DEFAULT-VALUE}).")
    private int batch;

    @Option(
            names = "--features",
            paramLabel = "DIR",
            description =
                    "What distances are taken of: a folder that --train-features wrote, or \"random\" for an untrained"
                            + " network (default: the bundled photo-features).")
    private @Nullable String features;

    @Option(
            names = "--fail-if-worse",
            description = "End with 1 if an adapter predicts real pictures worse, beyond its" + " interval.")
    private boolean failIfWorse;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Option(
            names = "--train-features",
            paramLabel = "PATH",
            description = "Instead: train features on photographs whose captions are labels, and write them to --out.")
    private @Nullable Path trainFeatures;

    @Option(names = "--out", paramLabel = "DIR", description = "Where --train-features writes.")
    private @Nullable Path out;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        requireSense();
        Terminal terminal = Terminal.of(spec.commandLine().getErr());
        if (trainFeatures != null && out != null) {
            FeatureTrainingRun.run(trainFeatures, FeatureTraining.DEFAULT, out, terminal);
            return ExitCode.OK;
        }
        EvaluationReport report = new EvaluationRun(settings(), terminal).run();
        PrintWriter printer = spec.commandLine().getOut();
        if (json) {
            Json.print(printer, Json.of(report));
        } else {
            print(printer, report);
        }
        printer.flush();
        List<String> worse = report.adapters().stream()
                .filter(adapter -> adapter.errors().verdict() == Verdict.WORSE)
                .map(adapter -> adapter.file() + " predicts real pictures worse than the plain model: m_w - r_w is "
                        + interval(adapter.errors().difference()) + ".")
                .toList();
        if (failIfWorse && !worse.isEmpty()) {
            throw UserErrorException.failure(worse);
        }
        return ExitCode.OK;
    }

    private void requireSense() {
        List<String> problems = new ArrayList<>();
        if (trainFeatures != null) {
            if (out == null) {
                problems.add("--train-features writes a folder: name it with --out.");
            }
        } else {
            if (images == null) {
                problems.add("Name real pictures with --images.");
            }
            if (out != null) {
                problems.add("--out belongs to --train-features: redirect the output to keep a report.");
            }
        }
        if (count < 1 || count > MOST_PICTURES) {
            problems.add("--count must be from 1 to " + MOST_PICTURES + ".");
        }
        if (bands < 1 || bands > 100) {
            problems.add("--bands must be from 1 to 100.");
        }
        if (steps < 1 || batch < 1) {
            problems.add("--steps and --batch must be at least 1.");
        }
        if (!problems.isEmpty()) {
            throw UserErrorException.usage(problems);
        }
    }

    private EvaluationSettings settings() {
        Path pictures = images;
        if (pictures == null) {
            throw new IllegalStateException("checked before");
        }
        return new EvaluationSettings(
                model == null ? BundledModel.folder() : model,
                loras,
                pictures,
                caption,
                count,
                seed,
                bands,
                !noDrawing,
                steps,
                guidance,
                batch,
                features == null ? BundledModel.features() : features.equals(RANDOM) ? null : Path.of(features));
    }

    private static void print(PrintWriter out, EvaluationReport report) {
        out.printf(Locale.ROOT, "%d pictures of %s%n", report.pictures(), report.images());
        if (report.passedOver() != null) {
            out.println("passed over: " + report.passedOver());
        }
        EvaluationReport.BaseDistances distances = report.distances();
        if (distances != null) {
            out.printf(
                    Locale.ROOT,
                    "%nDistances of %d drawn from as many real pictures, %d steps, guidance %s%nfeatures: %s%n",
                    distances.pictures(),
                    distances.steps(),
                    distances.guidance(),
                    report.features());
            print(out, "real against real", distances.floor());
            print(out, "plain model", distances.base());
        }
        for (AdapterReport adapter : report.adapters()) {
            out.printf(
                    Locale.ROOT,
                    "%n%s: %s%n  m_w/r_w %s, m_w - r_w %s%n",
                    adapter.file(),
                    adapter.errors().verdict(),
                    interval(adapter.errors().ratio()),
                    interval(adapter.errors().difference()));
            AdapterDistance drawn = adapter.distances();
            if (drawn != null) {
                print(out, "its pictures", drawn.distance());
                print(out, "minus the plain model", new Distance(drawn.kernelDifference(), drawn.frechetDifference()));
            }
            out.printf(Locale.ROOT, "  %-20s %10s %10s  m_w - r_w%n", "timesteps", "r_w", "m_w");
            for (BandErrors band : adapter.errors().bands()) {
                out.printf(
                        Locale.ROOT,
                        "  %-20s %10.6f %10.6f  %s%n",
                        Math.round(band.fromTimestep()) + " to " + Math.round(band.toTimestep()),
                        band.base(),
                        band.adapter(),
                        interval(band.difference()));
            }
            out.printf(Locale.ROOT, "  %-20s %10s %10s  accuracy%n", "negatives", "d_w", "d_l");
            for (KindErrors kind : adapter.errors().kinds()) {
                out.printf(
                        Locale.ROOT,
                        "  %-20s %10.6f %10.6f  %s%n",
                        kind.kind(),
                        kind.dW(),
                        kind.dL(),
                        interval(kind.implicitAccuracy()));
            }
        }
    }

    private static void print(PrintWriter out, String what, Distance distance) {
        Interval frechet = distance.frechet();
        out.printf(
                Locale.ROOT,
                "  %-22s KID %s%s%n",
                what,
                interval(distance.kernel()),
                frechet == null ? "" : "  Frechet " + interval(frechet));
    }

    private static String interval(Interval interval) {
        return String.format(Locale.ROOT, "%.4g [%.4g, %.4g]", interval.value(), interval.low(), interval.high());
    }
}
