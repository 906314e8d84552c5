package dev.realalign.diffusion.parity;

import dev.realalign.diffusion.tensor.Device;
import dev.realalign.diffusion.tensor.SafeTensors;
import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.diffusion.tensor.TensorScope;
import dev.realalign.diffusion.vae.AutoencoderKl;
import dev.realalign.diffusion.vae.Posterior;
import java.util.List;
import java.util.Objects;

/**
 * Both directions of an AutoencoderKL: image to mean and logvar; latents, which are not scaled, to decoded.
 *
 * @param name the reference file
 * @param model the autoencoder's folder
 */
record VaeParity(String name, String model) implements ParityCheck {
    @Override
    public boolean isPresent(Golden golden) {
        return golden.has(name, model);
    }

    @Override
    public List<ParityResult> run(Golden golden) {
        try (TensorScope scope = TensorScope.open();
                SafeTensors reference = SafeTensors.open(golden.tensors(name));
                AutoencoderKl vae = AutoencoderKl.load(golden.model(model), null, Device.CPU)) {
            Posterior posterior = vae.encode(reference.load("image"));
            Tensor logvar = Objects.requireNonNull(posterior.logvar());
            Tensor decoded = vae.decode(vae.scaled(reference.load("latents")));
            return List.of(
                    new ParityResult(name + ".mean", Golden.error(posterior.mean(), reference, "mean"), FORWARD),
                    new ParityResult(name + ".logvar", Golden.error(logvar, reference, "logvar"), FORWARD),
                    new ParityResult(name + ".decoded", Golden.error(decoded, reference, "decoded"), FORWARD));
        }
    }
}
