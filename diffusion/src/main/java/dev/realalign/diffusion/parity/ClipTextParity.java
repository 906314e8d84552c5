package dev.realalign.diffusion.parity;

import dev.realalign.diffusion.clip.ClipTextModel;
import dev.realalign.diffusion.tensor.Device;
import dev.realalign.diffusion.tensor.ElementType;
import dev.realalign.diffusion.tensor.SafeTensors;
import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.diffusion.tensor.TensorScope;
import java.util.List;
import java.util.Map;

/**
 * One pass of a CLIP text encoder: input_ids to last_hidden_state, penultimate_hidden_state and pooled or, with projection, text_embeds, as far as the
 * file holds them.
 *
 * @param name the reference file
 * @param model the encoder's folder
 * @param projected whether it has a projection
 */
record ClipTextParity(String name, String model, boolean projected) implements ParityCheck {
    @Override
    public boolean isPresent(Golden golden) {
        return golden.has(name, model);
    }

    @Override
    public List<ParityResult> run(Golden golden) {
        try (TensorScope scope = TensorScope.open();
                SafeTensors reference = SafeTensors.open(golden.tensors(name));
                ClipTextModel encoder =
                        ClipTextModel.load(golden.model(model), projected, null, ElementType.F32, Device.CPU)) {
            ClipTextModel.Output out = encoder.encode(reference.load("input_ids"));
            Map<String, Tensor> outputs = Map.of(
                    "last_hidden_state",
                    out.lastHiddenState(),
                    "penultimate_hidden_state",
                    out.penultimateHiddenState(),
                    projected ? "text_embeds" : "pooled",
                    out.pooled());
            double worst = outputs.entrySet().stream()
                    .filter(output -> reference.entries().containsKey(output.getKey()))
                    .mapToDouble(output -> Golden.error(output.getValue(), reference, output.getKey()))
                    .max()
                    .orElse(ParityResult.INCOMPARABLE);
            return List.of(new ParityResult(name, worst, FORWARD));
        }
    }
}
