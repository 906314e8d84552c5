package dev.realalign.diffusion.parity;

import dev.realalign.diffusion.denoiser.Conditioning;
import dev.realalign.diffusion.sd3.Sd3Transformer;
import dev.realalign.diffusion.tensor.Device;
import dev.realalign.diffusion.tensor.ElementType;
import dev.realalign.diffusion.tensor.SafeTensors;
import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.diffusion.tensor.TensorScope;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;

/**
 * One pass of an SD3 transformer, on square latents (hidden_states to out) and on others (hidden_states_wide to out_wide,
 * with the first of the timesteps and prompts).
 *
 * @param name the reference file
 * @param model the transformer's folder
 */
record Sd3TransformerParity(String name, String model) implements ParityCheck {
    @Override
    public boolean isPresent(Golden golden) {
        return golden.has(name, model);
    }

    @Override
    public List<ParityResult> run(Golden golden) {
        try (TensorScope scope = TensorScope.open();
                SafeTensors reference = SafeTensors.open(golden.tensors(name));
                Sd3Transformer transformer =
                        Sd3Transformer.load(golden.model(model), null, ElementType.F32, Device.CPU)) {
            Conditioning conditioning =
                    Conditioning.of(reference.load("encoder_hidden_states"), reference.load("pooled_projections"));
            List<ParityResult> results = new ArrayList<>();
            for (String shape : List.of("", "_wide")) {
                Tensor sample = reference.load("hidden_states" + shape);
                long batch = sample.size(0);
                Tensor out = transformer.predict(
                        sample,
                        reference.load("timestep").slice(0, 0, batch),
                        conditioning.rows(LongStream.range(0, batch).toArray()));
                results.add(new ParityResult(name + shape, Golden.error(out, reference, "out" + shape), FORWARD));
            }
            return results;
        }
    }
}
