package dev.realalign.app.sample;

import dev.realalign.diffusion.ModelFormatException;
import dev.realalign.diffusion.lora.LoraAdapter;
import dev.realalign.diffusion.lora.LoraFiles;
import dev.realalign.diffusion.model.DiffusionModel;
import dev.realalign.diffusion.model.LoadOptions;
import dev.realalign.runtime.UserErrorException;
import dev.realalign.schemas.CheckpointLayout;
import java.nio.file.Files;
import java.nio.file.Path;

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
        Path file = Files.isDirectory(lora) ? lora.resolve(CheckpointLayout.DIFFUSERS_LORA) : lora;
        if (!Files.isRegularFile(file)) {
            throw UserErrorException.usage("There is no adapter at " + file
                    + ": name a .safetensors file or the folder of a version with --lora.");
        }
        return file;
    }

    /**
     * Loads an adapter, which the caller closes.
     *
     * @param lora as {@link #adapterFile} takes it
     * @throws UserErrorException for usage when it is unusable or made for another model
     */
    public static LoraAdapter adapter(Path lora, DiffusionModel model) {
        try {
            return LoraFiles.load(adapterFile(lora), model.denoiser());
        } catch (ModelFormatException e) {
            throw UserErrorException.usage(
                    "The adapter " + e.getMessage() + ". Name one that was trained on this model.");
        }
    }
}
