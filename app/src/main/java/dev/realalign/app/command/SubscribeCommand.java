package dev.realalign.app.command;

import dev.realalign.app.console.StopSignal;
import dev.realalign.app.metrics.Health;
import dev.realalign.app.metrics.ProcessMetrics;
import dev.realalign.app.metrics.RoleMeters;
import dev.realalign.runtime.ClusterSetup;
import dev.realalign.runtime.UserErrorException;
import dev.realalign.schemas.ModelName;
import dev.realalign.schemas.Sha256;
import dev.realalign.schemas.Topics;
import dev.realalign.schemas.signing.KeyFileException;
import dev.realalign.schemas.signing.TrustedKeys;
import dev.realalign.subscriber.CheckpointSubscriber;
import dev.realalign.subscriber.Follow;
import dev.realalign.subscriber.ReceivedVersion;
import dev.realalign.subscriber.SubscriberState;
import dev.realalign.subscriber.SubscriptionException;
import dev.realalign.subscriber.VersionListener;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicLong;
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
                "Keeps a folder on the published versions of a model: fetched, signature and hashes checked, switched in one"
                        + " step.",
        sortOptions = false,
        footer = {
            "",
            "INTO/current is a symbolic link to the version in use; INTO/versions/00000042 are the versions themselves.",
            "The command of --exec finds REALALIGN_MODEL, REALALIGN_VERSION, REALALIGN_DIGEST and REALALIGN_FOLDER in its",
            "environment. When it fails, the switch stays and the command is run again after a pause.",
            "",
            "Examples:",
            "  realalign subscribe --model tiny-photo --into lora/ --trust publisher.pub",
            "  realalign subscribe --model tiny-photo --into lora/ --trust publisher.pub --version 3 --once",
            "  realalign subscribe --model tiny-photo --into lora/ --trust publisher.pub --exec 'systemctl reload painter'"
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

        @Option(names = "--digest", paramLabel = "HEX", description = "The version with this digest and no other.")
        private @Nullable String digest;

        @Option(names = "--all", description = "Every version in turn.")
        private boolean all;
    }

    @Option(
            names = "--trust",
            paramLabel = "FILE",
            description = "Public keys of the publishers to trust, one after the other as PEM.")
    private @Nullable Path trust;

    @Option(names = "--allow-unsigned", description = "Take versions without looking at signatures.")
    private boolean allowUnsigned;

    @Option(names = "--exec", paramLabel = "CMD", description = "Shell command to run after each switch.")
    private @Nullable String exec;

    @Option(
            names = "--name",
            paramLabel = "NAME",
            description =
                    "Name in the topic subscriber-status, unique in the cluster (default: this host and the folder).")
    private @Nullable String name;

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
        List<String> mistakes = new ArrayList<>();
        Follow follow = follow(mistakes);
        checkTrust(mistakes);
        if (!mistakes.isEmpty()) {
            throw UserErrorException.usage(mistakes);
        }
        StopSignal stop = StopSignal.listen();
        PrintWriter out = spec.commandLine().getOut();
        try (ReachedCluster reached = cluster.reach()) {
            ClusterSetup.prepare(
                    reached.config(), List.of(Topics.CHECKPOINTS, Topics.CHECKPOINT_ALIASES, Topics.SUBSCRIBER_STATUS));
            CheckpointSubscriber.Builder builder = CheckpointSubscriber.of(
                            model, into, reached.client("realalign-subscriber"))
                    .follow(follow)
                    .keepPrevious(keep)
                    .onVersion(listener(out));
            if (trust == null) {
                builder.allowUnsigned();
            } else {
                builder.trust(trust);
            }
            if (name != null) {
                builder.name(name);
            }
            try (CheckpointSubscriber subscriber = builder.start();
                    ProcessMetrics metrics = ProcessMetrics.serve(
                            reached.properties(),
                            meters -> RoleMeters.subscriber(meters, model, subscriber::state, InstantSource.system()),
                            () -> health(subscriber.state()))) {
                return once ? receiveOnce(subscriber, out) : keepUntil(stop, subscriber);
            }
        } catch (SubscriptionException e) {
            throw UserErrorException.failure(sentence(String.valueOf(e.getMessage())), e);
        }
    }

    /** Ready once everything announced was read; a subscriber goes on by itself whatever happens. */
    private static Health health(SubscriberState state) {
        String inUse = state.current()
                .map(version -> "serves version " + version.version())
                .orElse("serves nothing yet");
        return new Health(true, state.caughtUp() && state.trouble().isEmpty(), inUse);
    }

    private static String sentence(String message) {
        return message.endsWith("?") || message.endsWith(".") ? message : message + ".";
    }

    /** What to follow; mistakes are added to the list. */
    private Follow follow(List<String> mistakes) {
        if (!ModelName.isValid(model)) {
            mistakes.add(
                    "--model is \"" + model
                            + "\": a model name has letters, digits, dots, hyphens and underscores; see realalign checkpoints list.");
        }
        if (keep < 0 || timeoutSeconds < 1) {
            mistakes.add("--keep must be at least 0 and --timeout at least 1.");
        }
        if (name != null && name.isBlank()) {
            mistakes.add("--name is empty: give a name that is unique in the cluster, or leave it out.");
        }
        if (exec != null && exec.isBlank()) {
            mistakes.add("--exec is empty: give a shell command, or leave it out.");
        }
        Follow latest = new Follow.Alias("latest", false);
        if (what == null) {
            return latest;
        }
        if (what.version != null) {
            if (what.version < 1 || what.version > 99_999_999) {
                mistakes.add("--version is " + what.version + ": versions are numbered from 1 to 99999999.");
                return latest;
            }
            return new Follow.Version(what.version);
        }
        if (what.digest != null) {
            if (!Sha256.isHex(what.digest)) {
                mistakes.add("--digest is \"" + what.digest
                        + "\": a digest has 64 lower-case hexadecimal digits; realalign checkpoints show prints it.");
                return latest;
            }
            return new Follow.Digest(what.digest);
        }
        if (what.all) {
            return new Follow.AllVersions();
        }
        if (what.alias == null || !ModelName.isValid(what.alias)) {
            mistakes.add("--alias is \"" + what.alias
                    + "\": an alias is a name such as latest, canary or champion; see realalign checkpoints list.");
            return latest;
        }
        return new Follow.Alias(what.alias, false);
    }

    private void checkTrust(List<String> mistakes) {
        if (trust == null && !allowUnsigned) {
            mistakes.add(
                    "Nothing says whose versions to trust: give --trust FILE with the publisher's public key (that of a"
                            + " demo is keys/demo.pub in its data folder), or --allow-unsigned to take versions from anybody who can"
                            + " write to the cluster.");
        } else if (trust != null && allowUnsigned) {
            mistakes.add("--trust and --allow-unsigned contradict each other: give one of them.");
        } else if (trust != null) {
            try {
                TrustedKeys.read(trust);
            } catch (KeyFileException e) {
                mistakes.add("--trust: " + e.getMessage() + ".");
            }
        }
    }

    /** Says what was received, once, then runs the user's command, as often as it takes. */
    private VersionListener listener(PrintWriter out) {
        SwitchHook hook =
                exec == null ? null : new SwitchHook(exec, spec.commandLine().getErr());
        AtomicLong printed = new AtomicLong();
        return version -> {
            if (printed.getAndSet(version.sequence()) != version.sequence()) {
                print(out, version);
            }
            if (hook != null) {
                hook.run(version);
            }
        };
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
            SubscriberState state = subscriber.state();
            String trouble =
                    state.trouble().map(SubscriberState.Trouble::message).orElse("");
            if (!trouble.equals(told) && !trouble.isEmpty()) {
                String inUse = state.current()
                        .map(version -> "version " + version.version() + " stays in use")
                        .orElse("no version is in use yet");
                boolean again = state.trouble().filter(t -> !t.pause().isZero()).isPresent();
                spec.commandLine()
                        .getErr()
                        .println("realalign: " + trouble + "; " + inUse + (again ? ", trying again" : ""));
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
