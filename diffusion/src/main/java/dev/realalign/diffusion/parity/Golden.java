package dev.realalign.diffusion.parity;

import dev.realalign.diffusion.ModelFormatException;
import dev.realalign.diffusion.tensor.SafeTensors;
import dev.realalign.diffusion.tensor.Tensor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/** A folder of reference tensors, with the models they were made with below {@code models}. */
public record Golden(Path folder) {

    /**
     * @throws ModelFormatException if there is no such folder
     */
    public Golden {
        if (!Files.isDirectory(folder)) {
            throw new ModelFormatException(folder.toString(), "it is not a folder of reference tensors");
        }
    }

    /** A file of reference tensors. */
    public Path tensors(String name) {
        return folder.resolve(name + ".safetensors");
    }

    /** Another file. */
    public Path file(String name) {
        return folder.resolve(name);
    }

    /** A model folder, or a folder in one. */
    public Path model(String name) {
        return folder.resolve("models").resolve(name);
    }

    /** Whether the reference file and the model folders are there. */
    public boolean has(String name, String... models) {
        return Files.isRegularFile(tensors(name))
                && Arrays.stream(models).allMatch(model -> Files.isDirectory(model(model)));
    }

    /** The relative error of a computed tensor against one of the file. */
    public static double error(Tensor out, SafeTensors reference, String name) {
        try (Tensor expected = reference.load(name)) {
            return Arrays.equals(out.shape(), expected.shape())
                    ? ParityResult.relativeError(out.toFloats(), expected.toFloats())
                    : ParityResult.INCOMPARABLE;
        }
    }
}
