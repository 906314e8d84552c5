package dev.realalign.app.sample;

import dev.realalign.diffusion.ModelFormatException;
import dev.realalign.diffusion.lora.Adapter;
import dev.realalign.diffusion.lora.AdapterFiles;
import dev.realalign.diffusion.model.DiffusionModel;
import dev.realalign.diffusion.model.LoadOptions;
import dev.realalign.runtime.UserErrorException;
import dev.realalign.schemas.CheckpointLayout;
import dev.realalign.schemas.VersionManifest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** Models and adapters that a user names. */
public final class ModelFiles {
    private ModelFiles() {}

    /**
     * Loads a model folder in the diffusers layout.
     *
     * @throws UserErrorException for usage, with every problem of the folder
     */
    public static DiffusionModel model(Path folder) {
        try {
            return DiffusionModel.load(folder, LoadOptions.DEFAULT);
        } catch (ModelFormatException e) {
            throw UserErrorException.usage("The model " + e.getMessage() + ". Name a diffusers folder with --model.");
        }
    }

    /**
     * The file behind what a user calls an adapter.
     *
     * @param lora an adapter file (diffusers or kohya names), or the folder of a version
     * @throws UserErrorException for usage when there is none
     */
    public static Path adapterFile(Path lora) {
        Path file = Files.isDirectory(lora) ? lora.resolve(nameIn(lora)) : lora;
        if (!Files.isRegularFile(file)) {
            throw UserErrorException.usage("There is no adapter at " + file
                    + ": name a .safetensors file or the folder of a version with --lora.");
        }
        return file;
    }

    /** The name of the adapter's file in a folder; a folder without a manifest may hold what diffusers wrote. */
    private static String nameIn(Path folder) {
        return version(folder).map(VersionManifest::adapterFile).orElse(CheckpointLayout.DIFFUSERS_LORA);
    }

    /**
     * What a user calls an adapter, where it is the folder of a version.
     *
     * @throws UserErrorException for usage when the version's manifest cannot be read
     */
    public static Optional<VersionManifest> version(Path lora) {
        Path manifest = lora.resolve(CheckpointLayout.MANIFEST);
        if (!Files.isRegularFile(manifest)) {
            return Optional.empty();
        }
        try {
            return Optional.of(VersionManifest.parse(Files.readAllBytes(manifest), manifest.toString()));
        } catch (IOException e) {
            throw UserErrorException.usage("The version " + lora + " cannot be told: " + e.getMessage()
                    + ". Name a .safetensors file or the folder of a version with --lora.");
        }
    }

    /**
     * Loads an adapter, which the caller closes.
     *
     * @param lora as {@link #adapterFile} takes it
     * @throws UserErrorException for usage when it is unusable or made for another model
     */
    public static Adapter adapter(Path lora, DiffusionModel model) {
        try {
            return AdapterFiles.load(adapterFile(lora), model.denoiser());
        } catch (ModelFormatException e) {
            throw UserErrorException.usage(
                    "The adapter " + e.getMessage() + ". Name one that was trained on this model.");
        }
    }
}
