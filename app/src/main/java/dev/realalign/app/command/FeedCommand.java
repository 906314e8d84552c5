package dev.realalign.app.command;

import dev.realalign.app.console.ProgressBar;
import dev.realalign.app.console.StopSignal;
import dev.realalign.app.console.Terminal;
import dev.realalign.app.feed.FedBefore;
import dev.realalign.app.feed.FeedConfig;
import dev.realalign.app.feed.FeedTally;
import dev.realalign.app.feed.Feeder;
import dev.realalign.app.feed.HttpDoor;
import dev.realalign.app.feed.HttpDoorConfig;
import dev.realalign.app.feed.ImageFacts;
import dev.realalign.app.feed.ImageFeeder;
import dev.realalign.app.feed.ImageSource;
import dev.realalign.app.feed.Note;
import dev.realalign.runtime.ClusterSetup;
import dev.realalign.runtime.UserErrorException;
import dev.realalign.schemas.Topics;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code realalign feed}: pictures into the stream. */
@Command(
        name = "feed",
        description = "Feeds pictures into the stream and waits until the broker has them.",
        sortOptions = false,
        footer = {
            "",
            "Captions come from NAME.txt or NAME.json beside a picture, else from a captions.csv (file,caption) in its folder",
            "or one above. JSON, .jsonl and .csv with a first row of names may also hold caption_source, licence,",
            "rights_holder, opt_out, trust_tier and event_time.",
            "A picture fed twice is not learned twice: the second becomes a DUPLICATE rejection. Ends with 1 when a picture",
            "could not be read.",
            "",
            "Examples:",
            "  realalign feed photos/",
            "  realalign feed holiday.zip --caption \"a photo of the sea\" --rate 50",
            "  realalign feed shard-000000.tar --licence CC-BY-4.0 --trust-tier licensed",
            "  realalign feed list.jsonl --config cluster.properties",
            "  realalign feed --http 8080",
            "  curl -H 'Content-Type: image/jpeg' -H 'RealAlign-Caption: a red fox' --data-binary @fox.jpg \\",
            "       http://127.0.0.1:8080/images"
        })
final class FeedCommand implements Callable<Integer> {
    private static final int UNUSED_SHOWN = 5;
    private static final Duration FOR_EVER = Duration.ofDays(36_500);

    @ArgGroup(multiplicity = "1")
    private Door door;

    /** Where pictures come from. */
    static final class Door {
        @Parameters(
                paramLabel = "PATH",
                description =
                        "A folder (with all folders below it), a .zip, a .tar such as a webdataset's, or a .csv or"
                                + " .jsonl of paths with captions.")
        private @Nullable Path path;

        @Option(
                names = "--http",
                paramLabel = "PORT",
                description = "Takes pictures by POST /images on this port of 127.0.0.1 until it is stopped;"
                        + " docs/operations.md describes the requests.")
        private @Nullable Integer port;
    }

    @Option(
            names = "--caption",
            paramLabel = "TEXT",
            defaultValue = "",
            description = "Caption of pictures that have none.")
    private String caption;

    @Option(
            names = "--licence",
            paramLabel = "NAME",
            defaultValue = "",
            description = "Licence of pictures that have none.")
    private String licence;

    @Option(
            names = "--rights-holder",
            paramLabel = "NAME",
            defaultValue = "",
            description = "Rights holder of pictures that have none.")
    private String rightsHolder;

    @Option(
            names = "--trust-tier",
            paramLabel = "NAME",
            defaultValue = "",
            description = "How far the source is trusted, in your own words, for pictures that do not say.")
    private String trustTier;

    @Option(
            names = "--rate",
            paramLabel = "N",
            defaultValue = "0",
            description = "Pictures per second at most; 0 for no limit (the default).")
    private double rate;

    @Mixin
    private ClusterOptions cluster;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws InterruptedException, IOException {
        if (rate < 0 || Double.isNaN(rate)) {
            throw UserErrorException.usage("--rate is " + rate + ": give pictures per second, or 0 for no limit.");
        }
        StopSignal stop = StopSignal.listen();
        Note defaults = new Note(
                caption,
                ImageFacts.of(Map.of("licence", licence, "rights_holder", rightsHolder, "trust_tier", trustTier)));
        return door.path != null
                ? feed(door.path, defaults, stop)
                : serve(Objects.requireNonNull(door.port), defaults, stop);
    }

    private int serve(int port, Note defaults, StopSignal stop) throws InterruptedException {
        if (port < 0 || port > 65_535) {
            throw UserErrorException.usage("--http is " + port + ": give a port from 0 (any free one) to 65535.");
        }
        PrintWriter out = spec.commandLine().getOut();
        FeedTally tally = new FeedTally();
        try (ReachedCluster reached = cluster.reach()) {
            FeedConfig config = FeedConfig.from(reached.properties());
            HttpDoorConfig http = HttpDoorConfig.from(reached.properties());
            ClusterSetup.prepare(config.cluster(), List.of(Topics.REAL_IMAGES));
            try (ImageFeeder feeder = new ImageFeeder(config);
                    HttpDoor open = new HttpDoor(http, port, defaults, feeder, tally)) {
                out.println("Taking pictures by POST http://" + http.host() + ":" + open.port() + "/images");
                out.flush();
                stop.await(FOR_EVER);
            }
        }
        FeedTally.Numbers numbers = tally.numbers();
        out.println(String.format(Locale.ROOT, "Fed %,d pictures (%,d bytes).", numbers.fed(), numbers.bytes()));
        out.flush();
        return ExitCode.OK;
    }

    private int feed(Path path, Note defaults, StopSignal stop) throws InterruptedException, IOException {
        PrintWriter out = spec.commandLine().getOut();
        PrintWriter err = spec.commandLine().getErr();
        FeedTally tally = new FeedTally();
        long started = System.nanoTime();
        try (ImageSource source = ImageSource.of(path);
                ReachedCluster reached = cluster.reach()) {
            FeedConfig config = FeedConfig.from(reached.properties());
            ClusterSetup.prepare(config.cluster(), List.of(Topics.REAL_IMAGES));
            ProgressBar bar = new ProgressBar(Terminal.of(err), "pictures", source.count());
            try (Feeder feeder = new Feeder(config)) {
                feeder.feed(source, defaults, rate, new FedBefore(), tally, () -> {
                    bar.show(tally.numbers().fed());
                    return stop.isRequested();
                });
            } finally {
                bar.finish(tally.numbers().fed());
                complain(err, tally, source);
            }
        }
        FeedTally.Numbers numbers = tally.numbers();
        out.println(String.format(
                Locale.ROOT,
                "Fed %,d pictures (%,d bytes) in %.1f s; %,d could not be read.%s",
                numbers.fed(),
                numbers.bytes(),
                (System.nanoTime() - started) / 1e9,
                numbers.unreadable(),
                stop.isRequested() ? " Stopped before the end of the source." : ""));
        out.flush();
        return numbers.unreadable() > 0 || stop.isRequested() ? ExitCode.SOFTWARE : ExitCode.OK;
    }

    private static void complain(PrintWriter err, FeedTally tally, ImageSource source) {
        List<String> named = tally.unreadableNames();
        named.forEach(name -> err.println("could not be read: " + name));
        long more = tally.numbers().unreadable() - named.size();
        if (more > 0) {
            err.println("could not be read: " + more + " more");
        }
        List<String> unused = source.unusedCaptions();
        unused.stream().limit(UNUSED_SHOWN).forEach(row -> err.println("caption without a picture: " + row));
        if (unused.size() > UNUSED_SHOWN) {
            err.println("caption without a picture: " + (unused.size() - UNUSED_SHOWN) + " more");
        }
        err.flush();
    }
}
