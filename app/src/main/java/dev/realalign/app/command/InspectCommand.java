package dev.realalign.app.command;

import dev.realalign.app.inspect.RecordPicker;
import dev.realalign.app.inspect.RecordSheet;
import dev.realalign.app.inspect.RejectionRows;
import dev.realalign.app.inspect.SheetRow;
import dev.realalign.app.inspect.TripleRows;
import dev.realalign.app.sample.Sheet;
import dev.realalign.curator.gate.Reason;
import dev.realalign.curator.negative.NegativeKind;
import dev.realalign.runtime.BlobStore;
import dev.realalign.runtime.ServiceConfig;
import dev.realalign.runtime.StoreConfig;
import dev.realalign.runtime.UserErrorException;
import dev.realalign.schemas.ImageRejection;
import dev.realalign.schemas.PreferenceTriple;
import dev.realalign.schemas.RealImage;
import dev.realalign.schemas.Topic;
import dev.realalign.schemas.Topics;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Function;
import java.util.function.Predicate;
import org.apache.avro.specific.SpecificRecord;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code realalign inspect}: what was curated, as pictures. */
@Command(
        name = "inspect",
        description = "Triples and rejections as pictures.",
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {InspectCommand.Triples.class, InspectCommand.Rejections.class},
        footer = {
            "",
            "Examples:",
            "  realalign inspect triples --out sheet.png",
            "  realalign inspect rejections --reason BLURRED --out blurred.png"
        })
final class InspectCommand implements Callable<Integer> {
    private static final int MOST = 200;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        spec.commandLine().usage(spec.commandLine().getErr());
        return ExitCode.USAGE;
    }

    /** Which records, and where the sheet goes. */
    @Command
    static final class SheetOptions {
        @Option(names = "--out", paramLabel = "FILE.png", required = true, description = "Where the sheet goes.")
        private Path out;

        @Option(
                names = "--count",
                paramLabel = "N",
                defaultValue = "12",
                description = "How many records (default: ${DEFAULT-VALUE}, at most " + MOST + ").")
        private int count;

        @Option(
                names = "--sample",
                paramLabel = "SEED",
                description = "Records from places drawn with this seed, instead of the newest.")
        private @Nullable Long sample;

        @Mixin
        private ClusterOptions cluster;

        private <V extends SpecificRecord> List<V> pick(
                ReachedCluster reached, Topic<String, V> topic, Predicate<V> wanted, Function<V, Instant> time) {
            if (count < 1 || count > MOST) {
                throw UserErrorException.usage("--count is " + count + ": must be from 1 to " + MOST + ".");
            }
            try (RecordPicker<V> picker = new RecordPicker<>(reached.config(), topic)) {
                return sample == null ? picker.newest(count, wanted, time) : picker.sampled(count, wanted, sample);
            }
        }

        private int write(PrintWriter console, List<String> headings, List<SheetRow> rows, String what) {
            if (rows.isEmpty()) {
                throw UserErrorException.failure("There are no such " + what + " on this cluster: nothing was drawn.");
            }
            try {
                Sheet.write(RecordSheet.of(headings, rows), out);
            } catch (IOException e) {
                throw UserErrorException.failure(
                        "The sheet cannot be written to " + out + " (" + e.getMessage()
                                + "): choose another place with --out.",
                        e);
            }
            console.println(out + ": " + rows.size() + " " + what);
            console.flush();
            return ExitCode.OK;
        }
    }

    /** A name that is none would select nothing without a word. */
    private static void requireKnown(String option, @Nullable String name, Enum<?>[] known) {
        List<String> names = Arrays.stream(known).map(Enum::name).toList();
        if (name != null && !names.contains(name)) {
            throw UserErrorException.usage(
                    option + " is \"" + name + "\": give one of " + String.join(", ", names) + ".");
        }
    }

    /** {@code inspect triples}. */
    @Command(
            name = "triples",
            description = "Draws triples: real, mask, negative, difference, and what is known about them.",
            sortOptions = false,
            footer = {
                "",
                "Examples:",
                "  realalign inspect triples --out sheet.png",
                "  realalign inspect triples --kind SALIENCY_INPAINTING --sample 7 --count 30 --out inpainted.png"
            })
    static final class Triples implements Callable<Integer> {
        @Option(names = "--kind", paramLabel = "KIND", description = "One kind of negative only.")
        private @Nullable String kind;

        @Mixin
        private SheetOptions sheet;

        @Spec
        private CommandSpec spec;

        @Override
        public Integer call() {
            requireKnown("--kind", kind, NegativeKind.values());
            try (ReachedCluster reached = sheet.cluster.reach()) {
                List<PreferenceTriple> triples = sheet.pick(
                        reached,
                        Topics.PREFERENCE_TRIPLES,
                        triple -> kind == null || triple.getKind().equals(kind),
                        PreferenceTriple::getAcceptedAt);
                return sheet.write(
                        spec.commandLine().getOut(),
                        TripleRows.HEADINGS,
                        triples.stream().map(TripleRows::of).toList(),
                        "triples");
            }
        }
    }

    /** {@code inspect rejections}. */
    @Command(
            name = "rejections",
            description = "Draws rejected pictures with reason and evidence, while real-images still holds them.",
            sortOptions = false,
            footer = {"", "Example:", "  realalign inspect rejections --reason NOT_COLOURFUL --out dull.png"})
    static final class Rejections implements Callable<Integer> {
        @Option(names = "--reason", paramLabel = "REASON", description = "One reason only.")
        private @Nullable String reason;

        @Mixin
        private SheetOptions sheet;

        @Spec
        private CommandSpec spec;

        @Override
        public Integer call() {
            requireKnown("--reason", reason, Reason.values());
            try (ReachedCluster reached = sheet.cluster.reach()) {
                List<ImageRejection> rejections = sheet.pick(
                        reached,
                        Topics.IMAGE_REJECTIONS,
                        rejection -> reason == null || rejection.getReason().equals(reason),
                        ImageRejection::getRejectedAt);
                Optional<BlobStore> blobs = blobs(reached.properties());
                try (RecordPicker<RealImage> images = new RecordPicker<>(reached.config(), Topics.REAL_IMAGES)) {
                    return sheet.write(
                            spec.commandLine().getOut(),
                            RejectionRows.HEADINGS,
                            rejections.stream()
                                    .map(rejection -> RejectionRows.of(rejection, images, blobs))
                                    .toList(),
                            "rejections");
                }
            }
        }

        /** Large pictures can be shown where the configuration says where they are. */
        private static Optional<BlobStore> blobs(Map<String, String> given) {
            return given.containsKey(StoreConfig.BLOB_STORE)
                    ? Optional.of(BlobStore.open(ServiceConfig.definedBy(StoreConfig.BLOBS)
                            .read(given)
                            .uri(StoreConfig.BLOB_STORE)))
                    : Optional.empty();
        }
    }
}
