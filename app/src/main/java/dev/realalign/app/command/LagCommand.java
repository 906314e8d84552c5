package dev.realalign.app.command;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.realalign.app.demo.Stages;
import dev.realalign.runtime.LagRules;
import dev.realalign.runtime.LagSampler;
import dev.realalign.runtime.PartitionLag;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code realalign lag}: how far each stage is behind. */
@Command(
        name = "lag",
        description = "Shows how far each stage is behind, in records and in seconds.",
        sortOptions = false,
        footer = {
            "",
            "A stage that never committed shows \"-\": its lag is unknown, not 0. Seconds are the age of the oldest unread record.",
            "",
            "Examples:",
            "  realalign lag",
            "  realalign lag --json --config cluster.properties"
        })
final class LagCommand implements Callable<Integer> {
    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Mixin
    private ClusterOptions cluster;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        try (ReachedCluster reached = cluster.reach();
                LagSampler sampler = new LagSampler(reached.config())) {
            List<PartitionLag> lags = sampler.sample(Stages.topicsByGroup(reached.config()));
            List<LagRules.TopicLag> topics = LagRules.byTopic(lags);
            if (json) {
                ObjectNode object = Json.object();
                ArrayNode groups = object.putArray("groups");
                topics.forEach(topic -> groups.add(json(topic, lags)));
                Json.print(out, object);
            } else if (topics.isEmpty()) {
                out.println("No stage has run on this cluster yet.");
            } else {
                out.println("GROUP                            TOPIC                       RECORDS     SECONDS");
                topics.forEach(topic -> out.println(String.format(
                        Locale.ROOT,
                        "%-32s %-24s %10s  %10s",
                        topic.group(),
                        topic.topic(),
                        text(topic.records()),
                        text(topic.seconds()))));
            }
            out.flush();
            return ExitCode.OK;
        }
    }

    private static ObjectNode json(LagRules.TopicLag topic, List<PartitionLag> lags) {
        ObjectNode object = Json.object();
        object.put("group", topic.group());
        object.put("topic", topic.topic());
        put(object, topic.records(), topic.seconds());
        ArrayNode partitions = object.putArray("partitions");
        for (PartitionLag lag : lags) {
            if (lag.group().equals(topic.group()) && lag.topic().equals(topic.topic())) {
                ObjectNode partition = partitions.addObject();
                partition.put("partition", lag.partition());
                lag.committed()
                        .ifPresentOrElse(
                                offset -> partition.put("committed", offset), () -> partition.putNull("committed"));
                partition.put("end", lag.end());
                put(partition, lag.records(), lag.seconds());
            }
        }
        return object;
    }

    private static void put(ObjectNode object, OptionalLong records, OptionalDouble seconds) {
        records.ifPresentOrElse(count -> object.put("records", count), () -> object.putNull("records"));
        seconds.ifPresentOrElse(age -> object.put("seconds", age), () -> object.putNull("seconds"));
    }

    private static String text(OptionalLong records) {
        return records.isPresent() ? Long.toString(records.getAsLong()) : "-";
    }

    private static String text(OptionalDouble seconds) {
        return seconds.isPresent() ? String.format(Locale.ROOT, "%.1f", seconds.getAsDouble()) : "-";
    }
}
