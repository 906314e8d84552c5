package dev.realalign.app.command;

import dev.realalign.runtime.UserErrorException;
import dev.realalign.schemas.CheckpointAlias;
import dev.realalign.schemas.CheckpointCommand;
import dev.realalign.schemas.CheckpointKeys;
import dev.realalign.schemas.PublishingDecision;
import dev.realalign.schemas.Sha256;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code realalign checkpoints promote | rollback | release | pin}: what people ask of the publisher. */
final class AliasCommands {
    private static final String EXPECTATION =
            "The publisher refuses when the alias has moved since it was looked at: by default that is now.";

    private AliasCommands() {}

    /** What every one of them needs. */
    @Command
    static final class Request {
        @Option(
                names = "--model",
                paramLabel = "NAME",
                description = "Model line; may be left out where there is only one.")
        private @Nullable String model;

        @Option(names = "--actor", paramLabel = "WHO", required = true, description = "Who asks.")
        private String actor;

        @Option(names = "--reason", paramLabel = "TEXT", required = true, description = "Why.")
        private String reason;

        @Option(
                names = "--expect",
                paramLabel = "DIGEST",
                description = "Digest the alias must point to now (default: what it points to when this is read).")
        private @Nullable String expect;

        @Option(
                names = "--timeout",
                paramLabel = "SECONDS",
                defaultValue = "30",
                description = "Longest wait for the publisher's answer (default: ${DEFAULT-VALUE}).")
        private long timeoutSeconds;

        @Option(names = "--json", description = "Print one JSON object.")
        private boolean json;

        @Mixin
        private ClusterOptions cluster;

        /** Asks, prints the answer, and returns the exit code. */
        int ask(CommandSpec spec, String action, String alias, @Nullable String version, boolean rewindTraining)
                throws InterruptedException {
            if (timeoutSeconds < 1) {
                throw UserErrorException.usage("--timeout must be at least 1.");
            }
            if (expect != null && !Sha256.isHex(expect)) {
                throw UserErrorException.usage("--expect is \"" + expect
                        + "\": a digest has 64 hexadecimal digits; see realalign checkpoints list --json.");
            }
            if (actor.isBlank() || reason.isBlank()) {
                throw UserErrorException.usage(
                        "--actor and --reason must not be empty: the publishing log keeps them.");
            }
            try (ReachedCluster reached = cluster.reach()) {
                Published published = Published.read(reached);
                String line = published.model(model);
                String found = published
                        .alias(line, alias)
                        .map(CheckpointAlias::getDigest)
                        .orElse(null);
                CheckpointCommand.Builder command = CheckpointCommand.newBuilder()
                        .setModel(line)
                        .setAction(action)
                        .setAlias(alias)
                        .setVersion(version == null ? null : number(published, line, version))
                        .setExpectedDigest(expect == null ? found : expect)
                        .setRewindTraining(rewindTraining)
                        .setActor(actor)
                        .setReason(reason);
                PublishingDecision answer = PublisherInquiry.ask(reached, command, Duration.ofSeconds(timeoutSeconds));
                print(spec.commandLine().getOut(), answer);
                return answer.getAccepted() ? ExitCode.OK : UserErrorException.FAILURE;
            }
        }

        /** A number may be one nobody published: that the publisher says. */
        private static long number(Published published, String line, String version) {
            return version.matches("[0-9]{1,8}")
                    ? Long.parseLong(version)
                    : published.find(line, version).getVersion();
        }

        private void print(PrintWriter out, PublishingDecision answer) {
            if (json) {
                var object = Json.object();
                object.put("command", answer.getCommand());
                object.put("accepted", answer.getAccepted());
                object.put("model", answer.getModel());
                object.put("alias", answer.getAlias());
                object.put("version", answer.getVersion());
                object.put("reason", answer.getReason());
                Json.print(out, object);
            } else {
                out.println((answer.getAccepted() ? "done: " : "refused: ") + answer.getReason());
            }
            out.flush();
        }
    }

    /** {@code checkpoints promote}. */
    @Command(
            name = "promote",
            description = {"Moves canary or champion forward to a version.", EXPECTATION},
            sortOptions = false,
            footer = {
                "",
                "Example:",
                "  realalign checkpoints promote 42 --alias champion --actor ada --reason \"a week without complaints\""
            })
    static final class Promote implements Callable<Integer> {
        @Parameters(paramLabel = "VERSION", description = "A version number, or an alias that points to it.")
        private String version;

        @Option(names = "--alias", paramLabel = "NAME", required = true, description = "canary or champion.")
        private String alias;

        @Mixin
        private Request request;

        @Spec
        private CommandSpec spec;

        @Override
        public Integer call() throws InterruptedException {
            return request.ask(spec, CheckpointKeys.PROMOTE, alias, version, false);
        }
    }

    /** {@code checkpoints rollback}. */
    @Command(
            name = "rollback",
            description = {
                "Moves an alias back to an earlier version and holds it there until it is released: later versions are"
                        + " numbered and do not move it.",
                EXPECTATION
            },
            sortOptions = false,
            footer = {
                "",
                "Examples:",
                "  realalign checkpoints rollback 41 --actor ada --reason \"faces have six fingers\"",
                "  realalign checkpoints rollback 41 --training --actor ada --reason \"poisoned feed\""
            })
    static final class Rollback implements Callable<Integer> {
        @Parameters(paramLabel = "VERSION", description = "A version number, or an alias that points to it.")
        private String version;

        @Option(
                names = "--alias",
                paramLabel = "NAME",
                defaultValue = CheckpointKeys.LATEST,
                description = "Alias to move (default: ${DEFAULT-VALUE}).")
        private String alias;

        @Option(names = "--training", description = "Training goes on from that version's weights too.")
        private boolean training;

        @Mixin
        private Request request;

        @Spec
        private CommandSpec spec;

        @Override
        public Integer call() throws InterruptedException {
            return request.ask(spec, CheckpointKeys.ROLLBACK, alias, version, training);
        }
    }

    /** {@code checkpoints release}. */
    @Command(
            name = "release",
            description = {
                "Lets go of a held alias: latest moves to the newest version, another one may be promoted again.",
                EXPECTATION
            },
            sortOptions = false,
            footer = {"", "Example:", "  realalign checkpoints release --actor ada --reason \"version 44 is fine\""})
    static final class Release implements Callable<Integer> {
        @Option(
                names = "--alias",
                paramLabel = "NAME",
                defaultValue = CheckpointKeys.LATEST,
                description = "Alias to release (default: ${DEFAULT-VALUE}).")
        private String alias;

        @Mixin
        private Request request;

        @Spec
        private CommandSpec spec;

        @Override
        public Integer call() throws InterruptedException {
            return request.ask(spec, CheckpointKeys.RELEASE, alias, null, false);
        }
    }

    /** {@code checkpoints pin}. */
    @Command(
            name = "pin",
            description = {"Holds an alias at any version until it is released.", EXPECTATION},
            sortOptions = false,
            footer = {
                "",
                "Example:",
                "  realalign checkpoints pin 42 --alias latest --actor ada --reason \"demonstration on Friday\""
            })
    static final class Pin implements Callable<Integer> {
        @Parameters(paramLabel = "VERSION", description = "A version number, or an alias that points to it.")
        private String version;

        @Option(names = "--alias", paramLabel = "NAME", required = true, description = "latest, canary or champion.")
        private String alias;

        @Mixin
        private Request request;

        @Spec
        private CommandSpec spec;

        @Override
        public Integer call() throws InterruptedException {
            return request.ask(spec, CheckpointKeys.PIN, alias, version, false);
        }
    }
}
