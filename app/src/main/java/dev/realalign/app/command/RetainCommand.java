package dev.realalign.app.command;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.realalign.publisher.PublisherConfig;
import dev.realalign.publisher.RetentionPolicy;
import dev.realalign.runtime.UserErrorException;
import dev.realalign.schemas.SubscriberStatus;
import dev.realalign.schemas.Topics;
import java.io.PrintWriter;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code realalign checkpoints retain}: which versions a publisher would delete, and why the others stay. */
@Command(
        name = "retain",
        description = {
            "Shows which versions retention would delete, and why the others stay.",
            "Deleting is done by the running publisher, by the same rules (publisher.retention.versions and its"
                    + " neighbours in its configuration): give them here to try them out."
        },
        sortOptions = false,
        footer = {
            "",
            "Examples:",
            "  realalign checkpoints retain --dry-run --config publisher.properties",
            "  realalign checkpoints retain --dry-run -D publisher.retention.versions=20 -D publisher.retention.days=7"
        })
final class RetainCommand implements Callable<Integer> {
    @Option(names = "--dry-run", description = "Show, delete nothing. There is no other way to call this.")
    private boolean dryRun;

    @Option(
            names = "--model",
            paramLabel = "NAME",
            description = "Model line; may be left out where there is only one.")
    private @Nullable String model;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Mixin
    private ClusterOptions cluster;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        if (!dryRun) {
            throw UserErrorException.usage("Versions are deleted by the running publisher alone, once "
                    + PublisherConfig.VERSIONS_KEPT + " is set in its configuration: give --dry-run to see which.");
        }
        try (ReachedCluster reached = cluster.reach()) {
            RetentionPolicy policy = PublisherConfig.retentionPolicy(reached.properties());
            Published published = Published.read(reached);
            String line = published.model(model);
            Map<String, SubscriberStatus> subscribers = new HashMap<>();
            reached.readAll(Topics.SUBSCRIBER_STATUS).stream()
                    .filter(status -> status.getModel().equals(line))
                    .forEach(status -> subscribers.put(status.getSubscriber(), status));
            List<RetentionPolicy.Fate> fates = policy.judge(
                    published.of(line),
                    published.aliases().stream()
                            .filter(alias -> alias.getModel().equals(line))
                            .toList(),
                    List.copyOf(subscribers.values()),
                    Instant.now());
            print(spec.commandLine().getOut(), line, fates);
            return ExitCode.OK;
        }
    }

    private void print(PrintWriter out, String line, List<RetentionPolicy.Fate> fates) {
        if (json) {
            ObjectNode object = Json.object();
            object.put("model", line);
            ArrayNode versions = object.putArray("versions");
            fates.forEach(fate -> {
                ObjectNode version = versions.addObject();
                version.put("version", fate.version().getVersion());
                version.put("stays", fate.stays());
                ArrayNode reasons = version.putArray("reasons");
                fate.reasons().forEach(reasons::add);
            });
            Json.print(out, object);
        } else {
            fates.forEach(fate -> out.println("version " + fate.version().getVersion() + " of " + line
                    + (fate.stays() ? " stays: " + String.join("; ", fate.reasons()) : " goes")));
            long going = fates.stream().filter(fate -> !fate.stays()).count();
            out.println(going + " of " + fates.size() + " versions would go. Nothing was deleted.");
        }
        out.flush();
    }
}
