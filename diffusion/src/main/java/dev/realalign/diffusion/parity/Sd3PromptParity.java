package dev.realalign.diffusion.parity;

import dev.realalign.diffusion.clip.ClipTextModel;
import dev.realalign.diffusion.denoiser.Conditioning;
import dev.realalign.diffusion.sd3.Sd3Prompts;
import dev.realalign.diffusion.t5.T5Encoder;
import dev.realalign.diffusion.tensor.Device;
import dev.realalign.diffusion.tensor.ElementType;
import dev.realalign.diffusion.tensor.SafeTensors;
import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.diffusion.tensor.TensorScope;
import java.util.List;
import java.util.Objects;

/**
 * A prompt of SD3 from the ids of its three encoders: clip_ids and t5_ids to prompt_embeds and pooled.
 *
 * @param name the reference file
 * @param model the folder with the three encoders
 */
record Sd3PromptParity(String name, String model) implements ParityCheck {
    @Override
    public boolean isPresent(Golden golden) {
        return golden.has(name, model + "/text_encoder", model + "/text_encoder_2", model + "/text_encoder_3");
    }

    @Override
    public List<ParityResult> run(Golden golden) {
        try (TensorScope scope = TensorScope.open();
                SafeTensors reference = SafeTensors.open(golden.tensors(name));
                ClipTextModel l = clip(golden, "text_encoder");
                ClipTextModel g = clip(golden, "text_encoder_2");
                T5Encoder t5 = T5Encoder.load(
                        golden.model(model).resolve("text_encoder_3"), null, ElementType.F32, Device.CPU)) {
            Tensor ids = reference.load("clip_ids");
            Conditioning prompt = Sd3Prompts.join(
                    l.encode(ids),
                    g.encode(ids),
                    t5.encode(reference.load("t5_ids")),
                    t5.config().features());
            Tensor pooled = Objects.requireNonNull(prompt.pooled());
            return List.of(
                    new ParityResult(
                            name + ".prompt_embeds",
                            Golden.error(prompt.hiddenStates(), reference, "prompt_embeds"),
                            FORWARD),
                    new ParityResult(name + ".pooled", Golden.error(pooled, reference, "pooled"), FORWARD));
        }
    }

    private ClipTextModel clip(Golden golden, String encoder) {
        return ClipTextModel.load(golden.model(model).resolve(encoder), true, null, ElementType.F32, Device.CPU);
    }
}
