package dev.realalign.diffusion.parity;

import dev.realalign.diffusion.saliency.U2Net;
import dev.realalign.diffusion.tensor.Device;
import dev.realalign.diffusion.tensor.ElementType;
import dev.realalign.diffusion.tensor.SafeTensors;
import dev.realalign.diffusion.tensor.TensorScope;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * One pass of a U2-Net: image, as the network takes it, to saliency.
 *
 * @param name the reference file; the weights are called the same
 * @param model the folder of the weights
 */
record SaliencyParity(String name, String model) implements ParityCheck {
    @Override
    public boolean isPresent(Golden golden) {
        return golden.has(name, model) && Files.isRegularFile(weights(golden));
    }

    private Path weights(Golden golden) {
        return golden.model(model).resolve(name + ".safetensors");
    }

    @Override
    public List<ParityResult> run(Golden golden) {
        try (TensorScope scope = TensorScope.open();
                SafeTensors reference = SafeTensors.open(golden.tensors(name));
                U2Net network = U2Net.load(weights(golden), ElementType.F32, Device.CPU)) {
            double error = Golden.error(network.forward(reference.load("image")), reference, "saliency");
            return List.of(new ParityResult(name, error, FORWARD));
        }
    }
}
