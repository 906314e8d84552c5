package dev.realalign.app.command;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.realalign.app.console.StopSignal;
import dev.realalign.app.console.Terminal;
import dev.realalign.app.demo.Stages;
import dev.realalign.app.metrics.ClusterMetrics;
import dev.realalign.app.metrics.Health;
import dev.realalign.runtime.LagEvaluation;
import dev.realalign.runtime.LagHistory;
import dev.realalign.runtime.LagReport;
import dev.realalign.runtime.LagRules;
import dev.realalign.runtime.LagSampler;
import dev.realalign.runtime.LagStatus;
import dev.realalign.runtime.LagTarget;
import dev.realalign.runtime.LagWatch;
import dev.realalign.runtime.PartitionLag;
import dev.realalign.runtime.UserErrorException;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.common.KafkaException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code realalign lag}: how far each stage is behind, and whether it gets on. */
@Command(
        name = "lag",
        description = "Shows how far each stage is behind, in records and in seconds, and whether it gets on.",
        sortOptions = false,
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:every stage keeps up, catches up, or has not begun",
            "1:the cluster does not answer",
            "2:wrong usage or configuration",
            "3:the worst status is WARNING",
            "4:the worst status is REWIND, STALLED or STOPPED"
        },
        footer = {
            "",
            "A stage that never committed shows \"-\": its lag is unknown, not 0. Seconds are the age of the oldest unread record;",
            "~ marks those that come from samples instead of the record's own timestamp. A status other than OK takes as long to",
            "find as the window; docs/operations.md says what each means and what to do.",
            "",
            "Examples:",
            "  realalign lag",
            "  realalign lag --watch --window 60",
            "  realalign lag --watch --window 60 -D metrics.port=9308     also answers Prometheus, as docs/metrics.md says",
            "  realalign lag --group my-service --json --config cluster.properties"
        })
final class LagCommand implements Callable<Integer> {
    private static final int WARNING_CODE = 3;
    private static final int ERROR_CODE = 4;
    private static final Duration PAUSE = Duration.ofSeconds(1);

    @Option(names = "--json", description = "Print one JSON object; with --watch one for each sample.")
    private boolean json;

    @Option(names = "--watch", description = "Go on until a signal (Ctrl-C) ends it, with a sample every second.")
    private boolean watch;

    @Option(
            names = "--window",
            paramLabel = "SECONDS",
            defaultValue = "10",
            description = "How long to watch before a lag is called WARNING, STALLED or STOPPED; 0 for one look and no"
                    + " such verdict (default: ${DEFAULT-VALUE}).")
    private int windowSeconds;

    @Option(
            names = "--exact",
            description = "Read the first unread record of every partition for its time, instead of sampling.")
    private boolean exact;

    @Option(
            names = "--group",
            paramLabel = "GROUP",
            description = "A group to measure in every topic it has committed offsets in, instead of the stages; may be"
                    + " given several times.")
    private @Nullable List<String> groups;

    @Option(names = "--all-groups", description = "Measure every group of the cluster.")
    private boolean allGroups;

    @Mixin
    private ClusterOptions cluster;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws InterruptedException {
        requireSense();
        StopSignal stop = StopSignal.listen();
        LagHistory history = new LagHistory(Duration.ofSeconds(windowSeconds));
        AtomicReference<@Nullable LagReport> newest = new AtomicReference<>();
        try (ReachedCluster reached = cluster.reach();
                LagSampler sampler = new LagSampler(reached.config(), exact);
                ClusterMetrics metrics = watch ? serve(reached, newest) : ClusterMetrics.none()) {
            return watch ? keepOn(sampler, history, newest, stop) : onceDecided(sampler, history, stop);
        }
    }

    /** Samples until no verdict is open, or the window is over. */
    private int onceDecided(LagSampler sampler, LagHistory history, StopSignal stop) throws InterruptedException {
        long began = System.nanoTime();
        long longest = Duration.ofSeconds(windowSeconds).plus(PAUSE).toNanos();
        LagReport report = LagWatch.report(sampler, choice(), List.of(), history);
        while (windowSeconds > 0
                && report.partitions().stream().anyMatch(p -> p.status() == LagStatus.UNKNOWN)
                && System.nanoTime() - began < longest
                && !stop.await(PAUSE)) {
            report = LagWatch.report(sampler, choice(), List.of(), history);
        }
        print(report);
        return exitCode(report.worst());
    }

    /** Samples until a signal comes; a cluster that goes away is waited for, once it has been there. */
    private int keepOn(
            LagSampler sampler, LagHistory history, AtomicReference<@Nullable LagReport> newest, StopSignal stop)
            throws InterruptedException {
        Terminal terminal = Terminal.of(spec.commandLine().getOut());
        LagReport report = LagWatch.report(sampler, choice(), ClusterMetrics.topics(), history);
        String told = "";
        boolean fresh = true;
        while (true) {
            if (fresh) {
                newest.set(report);
                show(terminal, report);
            }
            if (stop.await(PAUSE)) {
                return exitCode(report.worst());
            }
            try {
                report = LagWatch.report(sampler, choice(), ClusterMetrics.topics(), history);
                fresh = true;
                told = "";
            } catch (UserErrorException | KafkaException e) {
                fresh = false;
                terminal.keep();
                told = tell(e, told);
            }
        }
    }

    private String tell(RuntimeException trouble, String told) {
        String message = String.valueOf(trouble.getMessage());
        if (!message.equals(told)) {
            PrintWriter err = spec.commandLine().getErr();
            err.println("realalign: " + message);
            err.flush();
        }
        return message;
    }

    private static ClusterMetrics serve(ReachedCluster reached, AtomicReference<@Nullable LagReport> newest) {
        return ClusterMetrics.serve(
                reached.properties(),
                () -> Optional.ofNullable(newest.get()),
                meters -> {},
                () -> new Health(true, newest.get() != null, "watches the cluster"));
    }

    private void requireSense() {
        List<String> mistakes = new ArrayList<>();
        if (windowSeconds < 0) {
            mistakes.add("--window is " + windowSeconds + ": give 0 or more seconds.");
        }
        if (groups != null && allGroups) {
            mistakes.add("--group and --all-groups contradict each other: give one of them.");
        }
        if (!mistakes.isEmpty()) {
            throw UserErrorException.usage(mistakes);
        }
    }

    private LagTarget.Choice choice() {
        List<String> named = groups;
        if (named != null) {
            return present -> LagTarget.Choice.EVERY_GROUP.among(Set.copyOf(named));
        }
        return allGroups ? LagTarget.Choice.EVERY_GROUP : Stages::among;
    }

    private static int exitCode(LagStatus worst) {
        if (worst.isError()) {
            return ERROR_CODE;
        }
        return worst == LagStatus.WARNING ? WARNING_CODE : ExitCode.OK;
    }

    private void show(Terminal terminal, LagReport report) {
        if (!json && terminal.redraws()) {
            terminal.draw(LagTable.lines(report));
        } else {
            print(report);
        }
    }

    private void print(LagReport report) {
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            Json.print(out, json(report));
        } else {
            LagTable.lines(report).forEach(out::println);
        }
        out.flush();
    }

    private static ObjectNode json(LagReport report) {
        ObjectNode object = Json.object();
        object.put("at", report.sample().at().toString());
        object.put("status", report.worst().name());
        ArrayNode groups = object.putArray("groups");
        for (LagRules.TopicLag topic : LagRules.byTopic(report.sample().lags())) {
            groups.add(json(topic, report));
        }
        return object;
    }

    private static ObjectNode json(LagRules.TopicLag topic, LagReport report) {
        ObjectNode object = Json.object();
        object.put("group", topic.group());
        object.put("topic", topic.topic());
        put(object, "records", topic.records());
        put(object, "seconds", topic.seconds());
        object.put("members", report.sample().members().getOrDefault(topic.group(), 0));
        ArrayNode partitions = object.putArray("partitions");
        for (LagEvaluation evaluation : report.partitions()) {
            PartitionLag lag = evaluation.lag();
            if (lag.group().equals(topic.group()) && lag.topic().equals(topic.topic())) {
                ObjectNode partition = partitions.addObject();
                partition.put("partition", lag.partition());
                put(partition, "committed", lag.committed());
                partition.put("end", lag.end());
                put(partition, "records", lag.records());
                put(partition, "seconds", lag.seconds());
                partition.put("secondsFrom", lag.secondsFrom().name());
                partition.put("status", evaluation.status().name());
                partition.put("trend", evaluation.trend().name());
                put(partition, "recordsPerSecond", evaluation.slope());
                put(partition, "secondsToCatchUp", evaluation.secondsToCatchUp());
                lag.owner()
                        .ifPresentOrElse(
                                owner -> partition.set("owner", Json.of(owner)), () -> partition.putNull("owner"));
            }
        }
        return object;
    }

    private static void put(ObjectNode object, String name, OptionalLong value) {
        value.ifPresentOrElse(present -> object.put(name, present), () -> object.putNull(name));
    }

    private static void put(ObjectNode object, String name, OptionalDouble value) {
        value.ifPresentOrElse(present -> object.put(name, present), () -> object.putNull(name));
    }
}
