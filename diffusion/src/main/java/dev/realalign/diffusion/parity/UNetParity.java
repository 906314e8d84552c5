package dev.realalign.diffusion.parity;

import dev.realalign.diffusion.denoiser.Conditioning;
import dev.realalign.diffusion.tensor.Device;
import dev.realalign.diffusion.tensor.ElementType;
import dev.realalign.diffusion.tensor.SafeTensors;
import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.diffusion.tensor.TensorScope;
import dev.realalign.diffusion.unet.UNet2DConditionModel;
import java.util.List;

/**
 * One pass of a U-Net: sample, timestep, encoder_hidden_states to out.
 *
 * @param name the reference file
 * @param model the model folder
 */
record UNetParity(String name, String model) implements ParityCheck {
    @Override
    public boolean isPresent(Golden golden) {
        return golden.has(name, model + "/unet");
    }

    @Override
    public List<ParityResult> run(Golden golden) {
        try (TensorScope scope = TensorScope.open();
                SafeTensors reference = SafeTensors.open(golden.tensors(name));
                UNet2DConditionModel unet = UNet2DConditionModel.load(
                        golden.model(model).resolve("unet"), null, ElementType.F32, Device.CPU)) {
            Tensor out = unet.predict(
                    reference.load("sample"),
                    reference.load("timestep"),
                    Conditioning.of(reference.load("encoder_hidden_states")));
            return List.of(new ParityResult(name, Golden.error(out, reference, "out"), FORWARD));
        }
    }
}
