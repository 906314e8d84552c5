package dev.realalign.app.command;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.realalign.app.feed.CameraTiles;
import dev.realalign.app.feed.ImageSource;
import dev.realalign.app.feed.SourceImage;
import dev.realalign.curator.CuratorBenchmark;
import dev.realalign.runtime.UserErrorException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import javax.imageio.ImageIO;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code realalign bench}: how fast the parts are on this machine. */
@Command(
        name = "bench",
        description = "Measures how fast the parts of the house are on this machine.",
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {
            BenchCommand.Curator.class,
            DiffusionBenchCommand.class,
            TrainerBenchCommand.class,
            PublishBenchCommand.class
        },
        footer = {
            "",
            "Examples:",
            "  realalign bench curator --json",
            "  realalign bench diffusion --json",
            "  realalign bench trainer --json",
            "  realalign bench publish --json"
        })
final class BenchCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        spec.commandLine().usage(spec.commandLine().getErr());
        return ExitCode.USAGE;
    }

    /** {@code bench curator}. */
    @Command(
            name = "curator",
            description = "Measures one thread of the curator, part by part: pictures per second of processor time.",
            sortOptions = false,
            footer = {
                "",
                "\"record\" is the whole work on a record: from the bytes the broker hands out to the triple's bytes.",
                "",
                "Examples:",
                "  realalign bench curator --json",
                "  realalign bench curator --images photos/ --resolution 512",
                "  realalign bench curator --resolution 32 --topology 200000 --state 1000000"
            })
    static final class Curator implements Callable<Integer> {
        @Option(
                names = "--images",
                paramLabel = "PATH",
                description = "A folder, a .zip, or a .csv (default: tiles of the bundled photographs, as JPEG).")
        private @Nullable Path images;

        @Option(
                names = "--keep",
                paramLabel = "DIR",
                description = "Writes the measured files there too, for the comparison with Pillow:"
                        + " python3 stream-curator/src/bench/pillow_curator.py DIR")
        private @Nullable Path keep;

        @Option(
                names = "--topology",
                paramLabel = "N",
                defaultValue = "0",
                description =
                        "Also feeds N pictures (each with bytes of its own) through the whole curator on an embedded"
                                + " broker, and watches its heap.")
        private int topology;

        @Option(
                names = "--state",
                paramLabel = "N",
                defaultValue = "0",
                description = "Also fills the curator's state with N ids on an embedded broker: its size, the cost of a"
                        + " duplicate, and the time to restore it.")
        private int state;

        @Option(
                names = "--compared",
                paramLabel = "N",
                defaultValue = "0",
                description =
                        "Also draws N different pictures and feeds them likewise, each compared with all before it by"
                                + " perceptual hash.")
        private int compared;

        @Option(
                names = "--index",
                paramLabel = "N",
                defaultValue = "0",
                description =
                        "Also fills the index of perceptual hashes with N pictures on an embedded broker: its size, the"
                                + " cost of a question, and the time to restore it.")
        private int index;

        @Option(
                names = "--limit",
                paramLabel = "N",
                defaultValue = "500",
                description = "Pictures at most (default: ${DEFAULT-VALUE}).")
        private int limit;

        @Option(
                names = "--resolution",
                paramLabel = "PX",
                defaultValue = "512",
                description = "Side of both halves of a pair (default: ${DEFAULT-VALUE}).")
        private int resolution;

        @Option(
                names = "--seconds",
                paramLabel = "S",
                defaultValue = "2",
                description = "Processor time for each part, after as much to warm up (default: ${DEFAULT-VALUE}).")
        private double seconds;

        @Option(names = "--json", description = "Print one JSON object.")
        private boolean json;

        @Spec
        private CommandSpec spec;

        @Override
        public Integer call() throws IOException, InterruptedException {
            if (limit < 1
                    || Math.min(Math.min(topology, state), Math.min(compared, index)) < 0
                    || resolution < 8
                    || !(seconds > 0)) {
                throw UserErrorException.usage(
                        "--limit must be at least 1, --topology, --state, --compared and --index at least 0, --resolution at least 8 and --seconds above 0.");
            }
            List<byte[]> originals = originals();
            if (keep != null) {
                keep(keep, originals);
            }
            CuratorBenchmark.Report report =
                    new CuratorBenchmark(resolution, originals, Duration.ofNanos(Math.round(seconds * 1e9))).run();
            Optional<TopologyBenchmark.Flow> flow = Optional.empty();
            Optional<TopologyBenchmark.State> kept = Optional.empty();
            if (topology > 0) {
                flow = Optional.of(TopologyBenchmark.flow(resolution, originals, topology));
            }
            if (state > 0) {
                kept = Optional.of(TopologyBenchmark.state(state));
            }
            Optional<TopologyBenchmark.Flow> flowCompared = Optional.empty();
            Optional<TopologyBenchmark.Index> indexed = Optional.empty();
            if (compared > 0) {
                flowCompared = Optional.of(TopologyBenchmark.flowCompared(resolution, compared));
            }
            if (index > 0) {
                indexed = Optional.of(TopologyBenchmark.index(index));
            }
            PrintWriter out = spec.commandLine().getOut();
            if (json) {
                ObjectNode object = object(report);
                flow.ifPresent(measured -> object.set("topology", Json.of(measured)));
                kept.ifPresent(measured -> object.set("state", Json.of(measured)));
                flowCompared.ifPresent(measured -> object.set("compared", Json.of(measured)));
                indexed.ifPresent(measured -> object.set("index", Json.of(measured)));
                Json.print(out, object);
            } else {
                out.println(String.format(
                        Locale.ROOT,
                        "%d pictures of %d bytes on average, pairs of %d px, %.1f %% usable",
                        report.images(),
                        report.meanBytes(),
                        report.resolution(),
                        100 * report.accepted()));
                report.imagesPerSecondPerCore()
                        .forEach((part, rate) ->
                                out.println(String.format(Locale.ROOT, "%-14s %10.0f pictures/s/core", part, rate)));
                out.println(String.format(Locale.ROOT, "record is %.0f %% of bareToPng", 100 * report.recordOfBare()));
                flow.ifPresent(measured -> out.println("topology: " + measured));
                kept.ifPresent(measured -> out.println("state: " + measured));
                flowCompared.ifPresent(measured -> out.println("compared: " + measured));
                indexed.ifPresent(measured -> out.println("index: " + measured));
            }
            out.flush();
            return ExitCode.OK;
        }

        private List<byte[]> originals() throws IOException {
            List<byte[]> originals = new ArrayList<>();
            try (ImageSource source = images == null ? new CameraTiles(resolution, "") : ImageSource.of(images)) {
                for (Iterator<SourceImage> all = source.iterator(); all.hasNext() && originals.size() < limit; ) {
                    try (InputStream in = all.next().content().open()) {
                        originals.add(images == null ? asJpeg(in) : in.readAllBytes());
                    }
                }
            }
            return originals;
        }

        private static void keep(Path folder, List<byte[]> files) throws IOException {
            Files.createDirectories(folder);
            for (int i = 0; i < files.size(); i++) {
                Files.write(folder.resolve(String.format(Locale.ROOT, "%05d.img", i)), files.get(i));
            }
        }

        private static byte[] asJpeg(InputStream png) throws IOException {
            ByteArrayOutputStream jpeg = new ByteArrayOutputStream();
            ImageIO.write(ImageIO.read(png), "jpg", jpeg);
            return jpeg.toByteArray();
        }

        private static ObjectNode object(CuratorBenchmark.Report report) {
            ObjectNode object = Json.object();
            object.put("images", report.images());
            object.put("meanBytes", report.meanBytes());
            object.put("resolution", report.resolution());
            object.put("accepted", report.accepted());
            object.put("recordOfBare", report.recordOfBare());
            ObjectNode rates = object.putObject("imagesPerSecondPerCore");
            report.imagesPerSecondPerCore().forEach(rates::put);
            return object;
        }
    }
}
