package dev.realalign.diffusion.parity;

import dev.realalign.diffusion.t5.T5Encoder;
import dev.realalign.diffusion.tensor.Device;
import dev.realalign.diffusion.tensor.ElementType;
import dev.realalign.diffusion.tensor.SafeTensors;
import dev.realalign.diffusion.tensor.TensorScope;
import java.util.List;

/**
 * One pass of a T5 encoder: input_ids to last_hidden_state.
 *
 * @param name the reference file
 * @param model the encoder's folder
 */
record T5Parity(String name, String model) implements ParityCheck {
    @Override
    public boolean isPresent(Golden golden) {
        return golden.has(name, model);
    }

    @Override
    public List<ParityResult> run(Golden golden) {
        try (TensorScope scope = TensorScope.open();
                SafeTensors reference = SafeTensors.open(golden.tensors(name));
                T5Encoder encoder = T5Encoder.load(golden.model(model), null, ElementType.F32, Device.CPU)) {
            double error = Golden.error(encoder.encode(reference.load("input_ids")), reference, "last_hidden_state");
            return List.of(new ParityResult(name, error, FORWARD));
        }
    }
}
