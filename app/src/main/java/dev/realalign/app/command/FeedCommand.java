package dev.realalign.app.command;

import dev.realalign.app.console.ProgressBar;
import dev.realalign.app.console.StopSignal;
import dev.realalign.app.console.Terminal;
import dev.realalign.app.feed.FedBefore;
import dev.realalign.app.feed.FeedConfig;
import dev.realalign.app.feed.FeedTally;
import dev.realalign.app.feed.Feeder;
import dev.realalign.app.feed.ImageSource;
import dev.realalign.runtime.ClusterSetup;
import dev.realalign.runtime.UserErrorException;
import dev.realalign.schemas.Topics;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
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
            "Captions come from NAME.txt beside a picture, else from a captions.csv (file,caption) in its folder or one above.",
            "A picture fed twice is not learned twice: the second becomes a DUPLICATE rejection. Ends with 1 when a picture",
            "could not be read.",
            "",
            "Examples:",
            "  realalign feed photos/",
            "  realalign feed holiday.zip --caption \"a photo of the sea\" --rate 50",
            "  realalign feed list.csv --config cluster.properties"
        })
final class FeedCommand implements Callable<Integer> {
    private static final int UNUSED_SHOWN = 5;

    @Parameters(
            paramLabel = "PATH",
            description = "A folder (with all folders below it), a .zip, or a .csv of path,caption.")
    private Path path;

    @Option(
            names = "--caption",
            paramLabel = "TEXT",
            defaultValue = "",
            description = "Caption of pictures that have none.")
    private String caption;

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
                feeder.feed(source, caption, rate, new FedBefore(), tally, () -> {
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
