package dev.realalign.app.command;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.realalign.app.console.ProgressBar;
import dev.realalign.app.console.Terminal;
import dev.realalign.curator.CuratorConfig;
import dev.realalign.curator.Replay;
import dev.realalign.curator.ReplayReport;
import dev.realalign.curator.StatefulReplay;
import dev.realalign.runtime.ClusterConfig;
import dev.realalign.runtime.UserErrorException;
import dev.realalign.schemas.Topics;
import java.io.PrintWriter;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code realalign replay}: recorded verdicts under another configuration. */
@Command(
        name = "replay",
        description =
                "Judges what was curated again under another configuration, and counts verdicts, old against new.",
        sortOptions = false,
        footer = {
            "",
            "Triples and rejections hold what the gates measured, so no picture is looked at: a stricter limit gives exactly the",
            "subset it would have given. A rejection that a looser limit would let pass is counted as undecided, because nobody",
            "measured what the gates behind it look at. --stateful runs the whole curator again over the pictures that",
            "real-images still holds, as an application of its own.",
            "",
            "Examples:",
            "  realalign replay --dry-run -D curation.gate.min.sharpness.squared.levels=50",
            "  realalign replay --to sharper --config stricter.properties",
            "  realalign replay --stateful --to coarse --config curator.properties -D curation.resolution.px=256"
        })
final class ReplayCommand implements Callable<Integer> {
    @Option(
            names = "--from",
            paramLabel = "TOPIC",
            arity = "1..*",
            description = "Topics of recorded verdicts; the name of one of rejections ends in \"rejections\" (default:"
                    + " preference-triples image-rejections).")
    private List<String> from = new ArrayList<>();

    @Option(
            names = "--to",
            paramLabel = "TOPIC",
            description =
                    "Topic for the triples that are accepted now; the rejections go to TOPIC-rejections. Both must be new"
                            + " or empty.")
    private @Nullable String to;

    @Option(names = "--dry-run", description = "Only count; write nothing.")
    private boolean dryRun;

    @Option(names = "--stateful", description = "Judge the pictures themselves, with every state built anew.")
    private boolean stateful;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Mixin
    private ClusterOptions cluster;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws InterruptedException {
        checkOptions();
        PrintWriter out = spec.commandLine().getOut();
        try (ReachedCluster reached = cluster.reach()) {
            ReplayReport report = stateful ? rerun(reached.properties()) : replay(reached.properties());
            if (json) {
                Json.print(out, json(report));
            } else {
                print(out, report);
            }
            out.flush();
        }
        return ExitCode.OK;
    }

    private void checkOptions() {
        List<String> problems = new ArrayList<>();
        if (dryRun == (to != null)) {
            problems.add("Give either --to TOPIC or --dry-run.");
        }
        if (to != null && !to.matches("[A-Za-z0-9._-]{1,200}")) {
            problems.add("--to is \"" + to + "\": a topic's name has letters, digits, dots, hyphens and underscores.");
        }
        if (stateful && !from.isEmpty()) {
            problems.add("--stateful judges " + Topics.REAL_IMAGES + " from its beginning: leave --from out.");
        }
        if (stateful && dryRun) {
            problems.add("--stateful keeps its verdicts in topics: give --to TOPIC instead of --dry-run.");
        }
        if (!problems.isEmpty()) {
            throw UserErrorException.usage(problems);
        }
    }

    private ReplayReport replay(Map<String, String> given) {
        return new Replay(CuratorConfig.from(atRecordedResolution(given)), Clock.systemUTC())
                .run(topics(), Optional.ofNullable(to), progress("records"));
    }

    private ReplayReport rerun(Map<String, String> given) throws InterruptedException {
        return StatefulReplay.run(atRecordedResolution(given), String.valueOf(to), progress("pictures"));
    }

    private List<String> topics() {
        return from.isEmpty() ? List.of(Topics.PREFERENCE_TRIPLES.name(), Topics.IMAGE_REJECTIONS.name()) : from;
    }

    /** The configuration given, with the resolution of the recorded pairs where it names none. */
    private Map<String, String> atRecordedResolution(Map<String, String> given) {
        Map<String, String> configured = new HashMap<>(given);
        if (!given.containsKey(CuratorConfig.RESOLUTION_PX)) {
            Replay.resolution(ClusterConfig.from(given), topics())
                    .ifPresent(pixels -> configured.put(CuratorConfig.RESOLUTION_PX, Integer.toString(pixels)));
        }
        return configured;
    }

    /** A bar that is made when the total is known. */
    private Replay.Progress progress(String unit) {
        Terminal terminal = Terminal.of(spec.commandLine().getErr());
        List<ProgressBar> bar = new ArrayList<>();
        return (done, total) -> {
            if (bar.isEmpty()) {
                bar.add(new ProgressBar(terminal, unit, total));
            }
            bar.get(0).show(done);
        };
    }

    private static ObjectNode json(ReplayReport report) {
        return (ObjectNode) Json.of(report);
    }

    private void print(PrintWriter out, ReplayReport report) {
        out.println(String.format(Locale.ROOT, "%-24s %12s %12s", "VERDICT", "BEFORE", "AFTER"));
        Map<String, Long> names = new HashMap<>(report.before());
        report.after().forEach(names::putIfAbsent);
        for (String name : ReplayReport.inOrder(names).keySet()) {
            out.println(String.format(
                    Locale.ROOT,
                    "%-24s %,12d %,12d",
                    name,
                    report.before().getOrDefault(name, 0L),
                    report.after().getOrDefault(name, 0L)));
        }
        out.println(String.format(Locale.ROOT, "%-24s %,12d %,12d", "in all", report.records(), report.records()));
        for (ReplayReport.Change change : report.changes()) {
            out.println(String.format(Locale.ROOT, "%s -> %s: %,d", change.before(), change.after(), change.records()));
        }
        if (to != null) {
            out.println("The triples are in topic " + to + ", the rejections in " + to + "-rejections.");
        }
    }
}
