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
                new ClipTextParity("sd3_text_encoder_2", "sd35m-tiny/text_encoder_2", true),
                new T5Parity("sd3_text_encoder_3", "sd35m-tiny/text_encoder_3"),
                new Sd3PromptParity("sd35m_prompt", "sd35m-tiny"),
                new Sd3TransformerParity("sd3_tiny", "sd3-tiny/transformer"),
                new Sd3TransformerParity("sd35m_tiny", "sd35m-tiny/transformer"),
                new VaeParity("sd15_vae", "sd15-tiny/vae"),
                new VaeParity("sd3_vae", "sd35m-tiny/vae"),
                new TinyVaeParity("taesd", "sd15_vae", "taesd-tiny"),
                new SaliencyParity("u2netp", "u2netp-tiny"),
                new ClipTokenizerParity("clip_tokenizer", "sd15-tiny/tokenizer"),
                new DiffusionSamplingParity("sd15_sampling", "sd15-tiny", 7.5),
                new InpaintBlendParity("sd15_inpaint_blend", "sd15-tiny", "ddim", 2),
                new FlowSamplingParity("sd35m_sampling", "sd35m-tiny", "flow_match_euler", 4.5));
    }
}
