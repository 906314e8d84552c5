package dev.realalign.diffusion.parity;

import dev.realalign.diffusion.tensor.Device;
import dev.realalign.diffusion.tensor.SafeTensors;
import dev.realalign.diffusion.tensor.TensorScope;
import dev.realalign.diffusion.vae.AutoencoderTiny;
import java.util.List;

/**
 * Both directions of an AutoencoderTiny: image to latents; the latents of another reference file to decoded.
 *
 * @param name the reference file
 * @param latents the reference file whose latents are decoded
 * @param model the autoencoder's folder
 */
record TinyVaeParity(String name, String latents, String model) implements ParityCheck {
    @Override
    public boolean isPresent(Golden golden) {
        return golden.has(name, model) && golden.has(latents);
    }

    @Override
    public List<ParityResult> run(Golden golden) {
        try (TensorScope scope = TensorScope.open();
                SafeTensors reference = SafeTensors.open(golden.tensors(name));
                SafeTensors source = SafeTensors.open(golden.tensors(latents));
                AutoencoderTiny vae = AutoencoderTiny.load(golden.model(model), null, Device.CPU)) {
            double encoded = Golden.error(vae.encode(reference.load("image")).mean(), reference, "latents");
            double decoded = Golden.error(vae.decode(vae.scaled(source.load("latents"))), reference, "decoded");
            return List.of(
                    new ParityResult(name + ".latents", encoded, FORWARD),
                    new ParityResult(name + ".decoded", decoded, FORWARD));
        }
    }
}
