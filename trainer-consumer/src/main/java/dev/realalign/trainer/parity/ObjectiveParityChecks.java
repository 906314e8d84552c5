package dev.realalign.trainer.parity;

import dev.realalign.diffusion.parity.ParityCheck;
import dev.realalign.diffusion.sd3.Sd3Transformer;
import dev.realalign.diffusion.tensor.Device;
import dev.realalign.diffusion.tensor.ElementType;
import dev.realalign.diffusion.unet.UNet2DConditionModel;
import dev.realalign.trainer.objective.Dpo;
import dev.realalign.trainer.objective.Dro;
import dev.realalign.trainer.objective.LossWeighting;
import dev.realalign.trainer.objective.Sft;
import java.util.List;

/** Every check of this module. */
public final class ObjectiveParityChecks {
    static final ObjectiveParity.Network UNET = new ObjectiveParity.Network(
            "unet", folder -> UNet2DConditionModel.load(folder, null, ElementType.F32, Device.CPU));
    static final ObjectiveParity.Network TRANSFORMER = new ObjectiveParity.Network(
            "transformer", folder -> Sd3Transformer.load(folder, null, ElementType.F32, Device.CPU));

    private ObjectiveParityChecks() {}

    /** The checks, in the order a report shows them. */
    public static List<ParityCheck> all() {
        return List.of(
                new ObjectiveParity("objective_sft_sd15", "sd15-tiny", UNET, new Sft(LossWeighting.uniform())),
                new ObjectiveParity("objective_dpo_sd15", "sd15-tiny", UNET, new Dpo(2000)),
                new ObjectiveParity("objective_dro_sd15", "sd15-tiny", UNET, new Dro(0.001)),
                new ObjectiveParity("objective_dpo_sd35m", "sd35m-tiny", TRANSFORMER, new Dpo(100)));
    }
}
