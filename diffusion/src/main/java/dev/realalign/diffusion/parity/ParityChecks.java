package dev.realalign.diffusion.parity;

import java.util.List;

/** Every check of this module. */
public final class ParityChecks {
    private ParityChecks() {}

    /** The checks, in the order a report shows them. */
    public static List<ParityCheck> all() {
        return List.of(
                new ClipTextParity("sd15_text", "sd15-tiny/text_encoder", false),
                new UNetParity("sd15_unet", "sd15-tiny"),
                new UNetParity("sd15_unet_nonsquare", "sd15-tiny"),
                new UNetParity("sd15_inpaint_unet", "sd15-inpaint-tiny"),
                new ClipTextParity("sd3_text_encoder", "sd35m-tiny/text_encoder", true),
                new ClipTextParity("sd3_text_encoder_2", "sd35m-tiny/text_encoder_2", true));
    }
}
