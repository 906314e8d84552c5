package dev.realalign.diffusion.vae;

import dev.realalign.diffusion.JsonConfig;
import dev.realalign.diffusion.nn.Activation;
import java.util.List;

/**
 * The {@code config.json} of an {@code AutoencoderTiny}.
 *
 * <table>
 * <caption>What an absent key means (defaults of diffusers' class)</caption>
 * <tr><th>key</th><th>default</th></tr>
 * <tr><td>in_channels, out_channels, latent_channels</td><td>3, 3, 4</td></tr>
 * <tr><td>encoder_block_out_channels, decoder_block_out_channels</td><td>[64, 64, 64, 64]</td></tr>
 * <tr><td>num_encoder_blocks, num_decoder_blocks</td><td>[1, 3, 3, 3], [3, 3, 3, 1]</td></tr>
 * <tr><td>act_fn</td><td>relu</td></tr>
 * <tr><td>scaling_factor, shift_factor</td><td>1, 0: its latents are scaled as the denoiser takes them</td></tr>
 * </table>
 *
 * @param channels channels of an image
 * @param latentChannels channels of the latents
 * @param encoderWidths channels per scale, from fine to coarse
 * @param decoderWidths channels per scale, from coarse to fine
 * @param encoderBlocks residual blocks per scale, from fine to coarse
 * @param decoderBlocks residual blocks per scale, from coarse to fine
 * @param activation of the residual blocks
 * @param scalingFactor latents are (z - shift) * scaling
 * @param shiftFactor see there
 */
public record AutoencoderTinyConfig(
        int channels,
        int latentChannels,
        List<Integer> encoderWidths,
        List<Integer> decoderWidths,
        List<Integer> encoderBlocks,
        List<Integer> decoderBlocks,
        Activation activation,
        double scalingFactor,
        double shiftFactor) {

    private static final List<Integer> WIDTHS = List.of(64, 64, 64, 64);

    public AutoencoderTinyConfig {
        encoderWidths = List.copyOf(encoderWidths);
        decoderWidths = List.copyOf(decoderWidths);
        encoderBlocks = List.copyOf(encoderBlocks);
        decoderBlocks = List.copyOf(decoderBlocks);
        int scales = encoderWidths.size();
        if (scales == 0
                || decoderWidths.size() != scales
                || encoderBlocks.size() != scales
                || decoderBlocks.size() != scales) {
            throw new IllegalArgumentException("\"encoder_block_out_channels\", \"decoder_block_out_channels\","
                    + " \"num_encoder_blocks\" and \"num_decoder_blocks\" must be lists of one length");
        }
    }

    /** The mapping from the published keys. */
    public static AutoencoderTinyConfig from(JsonConfig json) {
        int channels = json.integer("in_channels", 3);
        if (json.integer("out_channels", 3) != channels) {
            json.problem("\"out_channels\" must equal \"in_channels\"");
        }
        if (json.integer("upsampling_scaling_factor", 2) != 2
                || !json.text("upsample_fn", "nearest").equals("nearest")) {
            json.problem("\"upsampling_scaling_factor\" must be 2 and \"upsample_fn\" nearest");
        }
        return new AutoencoderTinyConfig(
                channels,
                json.integer("latent_channels", 4),
                json.integers("encoder_block_out_channels", WIDTHS),
                json.integers("decoder_block_out_channels", WIDTHS),
                json.integers("num_encoder_blocks", List.of(1, 3, 3, 3)),
                json.integers("num_decoder_blocks", List.of(3, 3, 3, 1)),
                Activation.of(json.text("act_fn", "relu")),
                json.number("scaling_factor", 1),
                json.number("shift_factor", 0));
    }

    /** Pixels per latent along each side. */
    int factor() {
        return 1 << (encoderWidths.size() - 1);
    }
}
