package dev.realalign.app.command;

import dev.realalign.app.console.StopSignal;
import dev.realalign.runtime.ClusterSetup;
import dev.realalign.runtime.UserErrorException;
import dev.realalign.schemas.ModelName;
import dev.realalign.schemas.Topics;
import dev.realalign.subscriber.CheckpointSubscriber;
import dev.realalign.subscriber.Follow;
import dev.realalign.subscriber.ReceivedVersion;
import dev.realalign.subscriber.SubscriberState;
import dev.realalign.subscriber.SubscriptionException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code realalign subscribe}: a folder that is always on a verified version. */
@Command(
        name = "subscribe",
        description =
                "Keeps a folder on the published versions of a model: fetched, every hash checked, switched in one step.",
        sortOptions = false,
        footer = {
            "",
            "INTO/current is a symbolic link to the version in use; INTO/versions/00000042 are the versions themselves.",
            "",
            "Examples:",
            "  realalign subscribe --model tiny-photo --into lora/",
            "  realalign subscribe --model tiny-photo --into lora/ --once",
            "  realalign subscribe --model tiny-photo --into lora/ --version 3 --once --config cluster.properties"
        })
final class SubscribeCommand implements Callable<Integer> {
    private static final Duration LOOK = Duration.ofMillis(500);

    @Option(names = "--model", paramLabel = "NAME", required = true, description = "Model line to follow.")
    private String model;

    @Option(
            names = "--into",
            paramLabel = "DIR",
            required = true,
            description = "Folder to keep; made where it is missing.")
    private Path into;

    @ArgGroup
    private @Nullable What what;

    /** What to follow, when it is not the alias latest. */
    static final class What {
        @Option(names = "--alias", paramLabel = "NAME", description = "Alias to follow (default: latest).")
        private @Nullable String alias;

        @Option(names = "--version", paramLabel = "N", description = "One version and no other.")
        private @Nullable Long version;

        @Option(names = "--all", description = "Every version in turn.")
        private boolean all;
    }

    @Option(names = "--once", description = "Receive what is announced now, and end.")
    private boolean once;

    @Option(
            names = "--timeout",
            paramLabel = "SECONDS",
            defaultValue = "60",
            description = "With --once: longest wait for the version (default: ${DEFAULT-VALUE}).")
    private long timeoutSeconds;

    @Option(
            names = "--keep",
            paramLabel = "N",
            defaultValue = "2",
            description = "Versions kept beside the one in use (default: ${DEFAULT-VALUE}).")
    private int keep;

    @Mixin
    private ClusterOptions cluster;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws InterruptedException {
        Follow follow = follow();
        StopSignal stop = StopSignal.listen();
        PrintWriter out = spec.commandLine().getOut();
        try (ReachedCluster reached = cluster.reach()) {
            ClusterSetup.prepare(reached.config(), List.of(Topics.CHECKPOINTS, Topics.CHECKPOINT_ALIASES));
            try (CheckpointSubscriber subscriber = CheckpointSubscriber.of(
                            model, into, reached.client("realalign-subscriber"))
                    .follow(follow)
                    .keepPrevious(keep)
                    .onVersion(version -> print(out, version))
                    .start()) {
                return once ? receiveOnce(subscriber, out) : keepUntil(stop, subscriber);
            }
        } catch (SubscriptionException e) {
            throw UserErrorException.failure(sentence(String.valueOf(e.getMessage())), e);
        }
    }

    private static String sentence(String message) {
        return message.endsWith("?") || message.endsWith(".") ? message : message + ".";
    }

    private Follow follow() {
        if (!ModelName.isValid(model)) {
            throw UserErrorException.usage(
                    "--model is \"" + model
                            + "\": a model name has letters, digits, dots, hyphens and underscores; see realalign checkpoints list.");
        }
        if (keep < 0 || timeoutSeconds < 1) {
            throw UserErrorException.usage("--keep must be at least 0 and --timeout at least 1.");
        }
        if (what == null) {
            return new Follow.Alias("latest", false);
        }
        if (what.version != null) {
            if (what.version < 1) {
                throw UserErrorException.usage("--version is " + what.version + ": versions are numbered from 1.");
            }
            return new Follow.Version(what.version);
        }
        return what.all
                ? new Follow.AllVersions()
                : new Follow.Alias(what.alias == null ? "latest" : what.alias, false);
    }

    /** A version that was received before is served again without a call of the listener: say it all the same. */
    private int receiveOnce(CheckpointSubscriber subscriber, PrintWriter out) throws InterruptedException {
        ReceivedVersion served = subscriber.awaitCurrent(Duration.ofSeconds(timeoutSeconds));
        out.println("current is version " + served.version() + ": " + served.folder());
        out.flush();
        return ExitCode.OK;
    }

    private int keepUntil(StopSignal stop, CheckpointSubscriber subscriber) throws InterruptedException {
        String told = "";
        while (!stop.await(LOOK)) {
            String trouble = subscriber
                    .state()
                    .trouble()
                    .map(SubscriberState.Trouble::message)
                    .orElse("");
            if (!trouble.equals(told) && !trouble.isEmpty()) {
                spec.commandLine()
                        .getErr()
                        .println("realalign: " + trouble + "; trying again, the version in use stays");
                spec.commandLine().getErr().flush();
            }
            told = trouble;
        }
        return ExitCode.OK;
    }

    private static void print(PrintWriter out, ReceivedVersion version) {
        out.println(String.format(
                Locale.ROOT,
                "received version %d of %s, step %d, digest %s, in %s",
                version.version(),
                version.model(),
                version.manifest().step(),
                version.digest(),
                version.folder()));
        out.flush();
    }
}
