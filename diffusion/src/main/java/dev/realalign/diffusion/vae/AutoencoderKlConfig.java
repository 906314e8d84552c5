package dev.realalign.diffusion.vae;

import dev.realalign.diffusion.JsonConfig;
import dev.realalign.diffusion.nn.Activation;
import java.util.List;

/**
 * The {@code config.json} of an {@code AutoencoderKL}.
 *
 * <table>
 * <caption>What an absent key means (defaults of diffusers' class)</caption>
 * <tr><th>key</th><th>default</th></tr>
 * <tr><td>in_channels, out_channels, latent_channels</td><td>3, 3, 4</td></tr>
 * <tr><td>block_out_channels</td><td>[64]</td></tr>
 * <tr><td>layers_per_block</td><td>1 (the decoder has one more)</td></tr>
 * <tr><td>norm_num_groups</td><td>32; its eps is always 1e-6</td></tr>
 * <tr><td>act_fn</td><td>silu</td></tr>
 * <tr><td>scaling_factor, shift_factor</td><td>0.18215, 0</td></tr>
 * <tr><td>use_quant_conv, use_post_quant_conv, mid_block_add_attention</td><td>true</td></tr>
 * </table>
 *
 * @param channels channels of an image
 * @param latentChannels channels of the latents
 * @param widths channels of the blocks, from the finest scale to the coarsest
 * @param layers residual blocks per scale in the encoder
 * @param groups groups of the normalisations
 * @param activation of the residual blocks
 * @param scalingFactor latents are (z - shift) * scaling
 * @param shiftFactor see there
 * @param quantConv whether a 1x1 convolution follows the encoder
 * @param postQuantConv whether one precedes the decoder
 * @param midAttention whether the coarsest scale attends to itself
 */
public record AutoencoderKlConfig(
        int channels,
        int latentChannels,
        List<Integer> widths,
        int layers,
        int groups,
        Activation activation,
        double scalingFactor,
        double shiftFactor,
        boolean quantConv,
        boolean postQuantConv,
        boolean midAttention) {

    public AutoencoderKlConfig {
        widths = List.copyOf(widths);
    }

    /** The mapping from the published keys. */
    public static AutoencoderKlConfig from(JsonConfig json) {
        List<Integer> widths = json.integers("block_out_channels", List.of(64));
        if (widths.isEmpty()) {
            json.problem("\"block_out_channels\" must not be empty");
        }
        blocks(json, "down_block_types", "DownEncoderBlock2D", widths.size());
        blocks(json, "up_block_types", "UpDecoderBlock2D", widths.size());
        int channels = json.integer("in_channels", 3);
        if (json.integer("out_channels", 3) != channels) {
            json.problem("\"out_channels\" must equal \"in_channels\"");
        }
        for (String key : List.of("latents_mean", "latents_std")) {
            if (json.has(key)) {
                json.problem("\"" + key + "\" is not supported; set it to null");
            }
        }
        return new AutoencoderKlConfig(
                channels,
                json.integer("latent_channels", 4),
                widths,
                json.integer("layers_per_block", 1),
                json.integer("norm_num_groups", 32),
                Activation.of(json.text("act_fn", "silu")),
                json.number("scaling_factor", 0.18215),
                json.number("shift_factor", 0),
                json.flag("use_quant_conv", true),
                json.flag("use_post_quant_conv", true),
                json.flag("mid_block_add_attention", true));
    }

    private static void blocks(JsonConfig json, String key, String supported, int count) {
        List<String> types = json.texts(key, List.of(supported));
        if (types.size() != count || !types.stream().allMatch(supported::equals)) {
            json.problem("\"" + key + "\" must be " + count + " times " + supported + " but is " + types);
        }
    }

    /** Pixels per latent along each side. */
    int factor() {
        return 1 << (widths.size() - 1);
    }
}
