package dev.realalign.app.command;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.realalign.runtime.UserErrorException;
import dev.realalign.schemas.CheckpointLayout;
import dev.realalign.schemas.CheckpointVersion;
import dev.realalign.schemas.FileEntry;
import dev.realalign.schemas.Sha256;
import dev.realalign.schemas.VersionManifest;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code realalign checkpoints}: the published versions. */
@Command(
        name = "checkpoints",
        description = "The published versions of the model lines.",
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {
            CheckpointsCommand.ListVersions.class,
            CheckpointsCommand.Show.class,
            AliasCommands.Promote.class,
            AliasCommands.Rollback.class,
            AliasCommands.Release.class,
            AliasCommands.Pin.class,
            RetainCommand.class
        },
        footer = {
            "",
            "Examples:",
            "  realalign checkpoints list",
            "  realalign checkpoints show latest --model tiny-photo"
        })
final class CheckpointsCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        spec.commandLine().usage(spec.commandLine().getErr());
        return ExitCode.USAGE;
    }

    /** {@code checkpoints list}. */
    @Command(
            name = "list",
            description = "Lists versions with the aliases that point to them.",
            sortOptions = false,
            footer = {"", "Example:", "  realalign checkpoints list --model tiny-photo --json"})
    static final class ListVersions implements Callable<Integer> {
        @Option(names = "--model", paramLabel = "NAME", description = "One model line only.")
        private @Nullable String model;

        @Option(names = "--json", description = "Print one JSON object.")
        private boolean json;

        @Mixin
        private ClusterOptions cluster;

        @Spec
        private CommandSpec spec;

        @Override
        public Integer call() {
            PrintWriter out = spec.commandLine().getOut();
            try (ReachedCluster reached = cluster.reach()) {
                Published published = Published.read(reached);
                List<CheckpointVersion> versions = published.of(model);
                if (json) {
                    ObjectNode object = Json.object();
                    ArrayNode list = object.putArray("versions");
                    versions.forEach(version -> list.add(published.json(version)));
                    Json.print(out, object);
                } else if (versions.isEmpty()) {
                    out.println("No version has been published" + (model == null ? "." : " of " + model + "."));
                } else {
                    out.println(
                            "MODEL             VERSION     STEP  TRIPLES  PUBLISHED             DIGEST        ALIASES");
                    versions.forEach(version -> out.println(String.format(
                                    Locale.ROOT,
                                    "%-16s %8d %8d %8d  %-20s  %.12s  %s",
                                    version.getModel(),
                                    version.getVersion(),
                                    version.getStep(),
                                    version.getTriples(),
                                    version.getPublishedAt().truncatedTo(java.time.temporal.ChronoUnit.SECONDS),
                                    version.getDigest(),
                                    String.join(", ", published.aliasesOf(version)))
                            .stripTrailing()));
                }
                out.flush();
                return ExitCode.OK;
            }
        }
    }

    /** {@code checkpoints show}. */
    @Command(
            name = "show",
            description = "Shows one version: what it learned from, and its files with their hashes.",
            sortOptions = false,
            footer = {
                "",
                "Examples:",
                "  realalign checkpoints show 3",
                "  realalign checkpoints show latest --model tiny-photo --json"
            })
    static final class Show implements Callable<Integer> {
        @Parameters(paramLabel = "VERSION", description = "A version number or an alias such as latest.")
        private String wanted;

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
        public Integer call() throws IOException {
            PrintWriter out = spec.commandLine().getOut();
            try (ReachedCluster reached = cluster.reach()) {
                Published published = Published.read(reached);
                CheckpointVersion version = published.find(model, wanted);
                byte[] manifest = manifestOf(version);
                if (json) {
                    ObjectNode object = published.json(version);
                    object.set("manifest", Json.parse(manifest));
                    Json.print(out, object);
                } else {
                    print(
                            out,
                            published,
                            version,
                            VersionManifest.parse(manifest, "the manifest of version " + version.getVersion()));
                }
                out.flush();
                return ExitCode.OK;
            }
        }

        private static byte[] manifestOf(CheckpointVersion version) {
            try {
                Path file = CheckpointLayout.folder(URI.create(version.getLocation()))
                        .resolve(CheckpointLayout.MANIFEST);
                byte[] manifest = Files.readAllBytes(file);
                if (!Sha256.hex(manifest).equals(version.getDigest())) {
                    throw UserErrorException.failure("The manifest " + file
                            + " is not the one that was announced: its SHA-256 is " + Sha256.hex(manifest)
                            + " instead of " + version.getDigest() + ". Restore the store from a copy.");
                }
                return manifest;
            } catch (IOException | IllegalArgumentException e) {
                throw UserErrorException.failure(
                        "The version's folder " + version.getLocation() + " cannot be read from here (" + e.getMessage()
                                + "): run this where the checkpoint store is mounted.",
                        e);
            }
        }

        private static void print(
                PrintWriter out, Published published, CheckpointVersion version, VersionManifest manifest) {
            out.println("version     " + version.getVersion() + " of " + version.getModel()
                    + published.aliasesOf(version).stream()
                            .map(alias -> " (" + alias + ")")
                            .collect(Collectors.joining()));
            out.println("digest      " + version.getDigest());
            out.println("location    " + version.getLocation());
            out.println("published   " + version.getPublishedAt());
            out.println("parent      " + (version.getParent() == null ? "none" : version.getParent()));
            out.println("base        " + manifest.base().id() + " "
                    + manifest.base().sha256());
            out.println("objective   " + manifest.objective().name() + " "
                    + manifest.objective().settings());
            out.println("step        " + version.getStep() + ", seed " + manifest.seed());
            out.println(
                    "triples     " + version.getTriples() + ", " + manifest.triplesSinceParent() + " since the parent");
            manifest.offsets()
                    .forEach((partition, range) ->
                            out.println("offsets     " + partition + " [" + range.from() + ", " + range.to() + ")"));
            manifest.evaluation()
                    .forEach((name, value) ->
                            out.println("measure     " + name + " " + String.format(Locale.ROOT, "%.6g", value)));
            for (FileEntry file : manifest.files()) {
                out.println("file        " + file.name() + " " + file.size() + " bytes " + file.sha256());
            }
        }
    }
}
