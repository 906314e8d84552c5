package dev.realalign.app.command;

import dev.realalign.app.console.ProgressBar;
import dev.realalign.app.console.Terminal;
import dev.realalign.app.sample.Gallery;
import dev.realalign.app.sample.Painter;
import dev.realalign.app.sample.Sheet;
import dev.realalign.diffusion.pipeline.SamplingRequest;
import dev.realalign.runtime.UserErrorException;
import dev.realalign.schemas.CheckpointLayout;
import dev.realalign.schemas.InvalidManifestException;
import dev.realalign.schemas.Sha256;
import dev.realalign.schemas.VersionManifest;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code realalign sample}: pictures from a model, with or without an adapter. */
@Command(
        name = "sample",
        description = "Draws pictures with a model, with or without a published version on it.",
        sortOptions = false,
        footer = {
            "",
            "The same model, prompt, seed, steps and guidance draw the same picture. Several prompts or seeds make a sheet: a",
            "column for each prompt, a row for each seed.",
            "",
            "Examples:",
            "  realalign sample --prompt \"a photo of a dog\" --seed 1 --steps 25 --guidance 2.5 --out dog.png",
            "  realalign sample --model models/tiny-photo --lora lora/current --prompt \"a photo of a ship\" --count 4 --out ships.png",
            "  realalign subscribe ... --exec 'realalign sample --lora \"$REALALIGN_FOLDER\" --prompt \"a ship\" --gallery samples'"
        })
final class SampleCommand implements Callable<Integer> {
    @Option(
            names = "--model",
            paramLabel = "DIR",
            description = "Model folder in the diffusers layout (default: the bundled tiny-photo).")
    private @Nullable Path model;

    @Option(
            names = "--lora",
            paramLabel = "FILE",
            description = "Adapter: a .safetensors file with diffusers or kohya names, or the folder of a version.")
    private @Nullable Path lora;

    @Option(
            names = "--prompt",
            paramLabel = "TEXT",
            required = true,
            description = "What to draw; may be given several times, and be empty.")
    private List<String> prompts = new ArrayList<>();

    @Option(
            names = "--negative-prompt",
            paramLabel = "TEXT",
            defaultValue = "",
            description = "What to lead away from.")
    private String negative;

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "0",
            description = "Seed of the first row (default: ${DEFAULT-VALUE}).")
    private long seed;

    @Option(
            names = "--count",
            paramLabel = "N",
            defaultValue = "1",
            description = "Seeds in a row, from --seed on (default: ${DEFAULT-VALUE}).")
    private int count;

    @Option(
            names = "--steps",
            paramLabel = "N",
            defaultValue = "25",
            description = "Sampling steps (default: ${DEFAULT-VALUE}).")
    private int steps;

    @Option(
            names = "--guidance",
            paramLabel = "G",
            defaultValue = "7.5",
            description = "Scale of classifier-free guidance; 1 for none (default: ${DEFAULT-VALUE}).")
    private double guidance;

    @Option(names = "--out", paramLabel = "FILE.png", description = "Where the picture or sheet goes.")
    private @Nullable Path out;

    @Option(
            names = "--gallery",
            paramLabel = "DIR",
            description =
                    "Keep every picture by version, prompt and seed; the version is that of the folder given with --lora,"
                            + " 0 without one.")
    private @Nullable Path gallery;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        if (count < 1 || steps < 1) {
            throw UserErrorException.usage("--count and --steps must be at least 1.");
        }
        if (out == null && gallery == null) {
            throw UserErrorException.usage("Say where the picture goes: --out FILE.png, or --gallery DIR.");
        }
        if (gallery != null && !negative.isEmpty()) {
            throw UserErrorException.usage("A gallery has no negative prompts: leave out --negative-prompt.");
        }
        List<Path> written = new ArrayList<>();
        try (Painter painter = Painter.load(model == null ? BundledModel.folder() : model)) {
            if (lora != null) {
                painter.wear(lora);
            }
            Origin origin = gallery == null ? null : origin(painter);
            List<String> cells = new ArrayList<>();
            List<String> negatives = new ArrayList<>();
            List<Long> seeds = new ArrayList<>();
            for (int row = 0; row < count; row++) {
                for (String prompt : prompts) {
                    cells.add(prompt);
                    negatives.add(negative);
                    seeds.add(seed + row);
                }
            }
            ProgressBar bar = new ProgressBar(Terminal.of(spec.commandLine().getErr()), "steps", steps);
            List<BufferedImage> pictures = painter.paint(SamplingRequest.of(cells)
                    .withNegativePrompts(negatives)
                    .withSeeds(seeds)
                    .withSteps(steps)
                    .withGuidance(guidance)
                    .withProgress((done, total) -> bar.show(done * (long) steps / total)));
            if (out != null) {
                Sheet.write(Sheet.of(pictures, prompts.size()), out);
                written.add(out);
            }
            if (gallery != null && origin != null) {
                written.add(keep(gallery, origin, pictures));
            }
        } catch (IOException e) {
            throw UserErrorException.failure(
                    "The picture cannot be written to " + (out == null ? gallery : out) + " (" + e.getMessage()
                            + "): choose another place with --out or --gallery.",
                    e);
        }
        written.forEach(spec.commandLine().getOut()::println);
        spec.commandLine().getOut().flush();
        return ExitCode.OK;
    }

    /** Which version the pictures are of. */
    private record Origin(long version, String digest) {}

    private Origin origin(Painter painter) throws IOException {
        if (lora == null) {
            return new Origin(Gallery.BASE, painter.digest());
        }
        Path manifest = lora.resolve(CheckpointLayout.MANIFEST);
        if (!Files.isRegularFile(manifest)) {
            throw UserErrorException.usage("A gallery sorts pictures by version, and " + lora
                    + " says none: name the folder of a version, with its manifest.json, with --lora.");
        }
        byte[] bytes = Files.readAllBytes(manifest);
        try {
            return new Origin(VersionManifest.parse(bytes, manifest.toString()).version(), Sha256.hex(bytes));
        } catch (InvalidManifestException e) {
            throw UserErrorException.usage("The version " + lora + " cannot be told: " + e.getMessage());
        }
    }

    private Path keep(Path folder, Origin origin, List<BufferedImage> pictures) throws IOException {
        List<Long> seeds = LongStream.range(seed, seed + count).boxed().toList();
        return new Gallery(folder, prompts, seeds, steps, guidance).keep(origin.version(), origin.digest(), pictures);
    }
}
