package dev.realalign.app.command;

import dev.realalign.app.sample.ModelFiles;
import dev.realalign.diffusion.lora.Adapter;
import dev.realalign.diffusion.lora.AdapterFiles;
import dev.realalign.diffusion.model.DiffusionModel;
import dev.realalign.runtime.UserErrorException;
import dev.realalign.schemas.StoreFolder;
import dev.realalign.schemas.VersionManifest;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code realalign merge}: whole weights of a model's network with an adapter in them. */
@Command(
        name = "merge",
        description = "Writes the whole weights of a model's network with an adapter added, as diffusers loads them.",
        sortOptions = false,
        footer = {
            "",
            "OUT holds config.json and diffusion_pytorch_model.safetensors in float32, like the unet or transformer folder of a",
            "model. Versions of full fine-tuning are differences to their base; this makes a network of one.",
            "",
            "Examples:",
            "  realalign merge --model stable-diffusion-v1-5 --lora received/portraits/current --out portraits-unet",
            "  python: UNet2DConditionModel.from_pretrained(\"portraits-unet\")"
        })
final class MergeCommand implements Callable<Integer> {
    private static final String CONFIG = "config.json";
    private static final String WEIGHTS = "diffusion_pytorch_model.safetensors";

    @Option(
            names = "--model",
            paramLabel = "DIR",
            description =
                    "Model the adapter was trained on, in the diffusers layout (default: the bundled" + " tiny-photo).")
    private @Nullable Path model;

    @Option(
            names = "--lora",
            paramLabel = "FILE",
            required = true,
            description = "Adapter of any kind: a .safetensors file, or the folder of a version.")
    private Path lora;

    @Option(
            names = "--out",
            paramLabel = "DIR",
            required = true,
            description = "Folder that is made; it must not exist yet.")
    private Path out;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        Path folder = model == null ? BundledModel.folder() : model;
        if (Files.exists(out)) {
            throw UserErrorException.usage(
                    out + " exists, and nothing is overwritten: name another folder with --out.");
        }
        try (DiffusionModel base = ModelFiles.model(folder)) {
            requireBase(folder, base);
            try (Adapter adapter = ModelFiles.adapter(lora, base);
                    StoreFolder.Draft draft = StoreFolder.draft(out)) {
                Files.copy(folder.resolve(base.denoiser().prefix()).resolve(CONFIG), draft.file(CONFIG));
                AdapterFiles.saveMerged(
                        adapter, base.denoiser(), base.denoiser().parameters(), draft.file(WEIGHTS));
                draft.forceAll();
                draft.finish();
            }
        } catch (IOException | UncheckedIOException e) {
            throw UserErrorException.failure(
                    "The weights cannot be written to " + out + " (" + e.getMessage()
                            + "): choose another place with --out.",
                    e);
        }
        spec.commandLine().getOut().println(out);
        spec.commandLine().getOut().flush();
        return ExitCode.OK;
    }

    /** On another base of the same shape the sum would be a network that nobody trained. */
    private void requireBase(Path folder, DiffusionModel base) {
        Optional<VersionManifest> version = ModelFiles.version(lora);
        if (version.isPresent() && !version.get().base().sha256().equals(base.digest())) {
            throw UserErrorException.usage("The version " + lora + " was trained on "
                    + version.get().base().id() + " (SHA-256 "
                    + version.get().base().sha256() + "), and " + folder + " has SHA-256 " + base.digest()
                    + ". Name the model it was trained on with --model.");
        }
    }
}
