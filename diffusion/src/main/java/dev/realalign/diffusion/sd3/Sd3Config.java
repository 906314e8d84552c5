package dev.realalign.diffusion.sd3;

import dev.realalign.diffusion.JsonConfig;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * The {@code config.json} of an {@code SD3Transformer2DModel}.
 *
 * <table>
 * <caption>What an absent key means (defaults of diffusers' class)</caption>
 * <tr><th>key</th><th>default</th></tr>
 * <tr><td>sample_size, patch_size</td><td>128, 2</td></tr>
 * <tr><td>in_channels, out_channels</td><td>16, 16</td></tr>
 * <tr><td>num_layers, num_attention_heads, attention_head_dim</td><td>18, 18, 64</td></tr>
 * <tr><td>joint_attention_dim, caption_projection_dim, pooled_projection_dim</td><td>4096, 1152, 2048</td></tr>
 * <tr><td>pos_embed_max_size</td><td>96</td></tr>
 * <tr><td>dual_attention_layers</td><td>none</td></tr>
 * <tr><td>qk_norm</td><td>null: queries and keys are not normalised</td></tr>
 * </table>
 *
 * @param sampleSize height and width of the latents it was trained at
 * @param patch side of a patch p
 * @param inChannels channels of the latents
 * @param outChannels channels of the prediction
 * @param layers number of blocks
 * @param heads number of heads S
 * @param headFeatures features per head d; the width of the network is D = S d
 * @param jointFeatures width of the prompt
 * @param pooledFeatures width of the pooled prompt
 * @param positions side of the grid of learned positions, in patches
 * @param dualLayers blocks with a second self-attention over the image (SD3.5-Medium)
 * @param qkNorm whether queries and keys are normalised per head (SD3.5)
 */
public record Sd3Config(
        int sampleSize,
        int patch,
        int inChannels,
        int outChannels,
        int layers,
        int heads,
        int headFeatures,
        int jointFeatures,
        int pooledFeatures,
        int positions,
        Set<Integer> dualLayers,
        boolean qkNorm) {

    public Sd3Config {
        dualLayers = Set.copyOf(dualLayers);
    }

    /** The mapping from the published keys. */
    public static Sd3Config from(JsonConfig json) {
        int inChannels = json.integer("in_channels", 16);
        int heads = json.integer("num_attention_heads", 18);
        int headFeatures = json.integer("attention_head_dim", 64);
        int captionFeatures = json.integer("caption_projection_dim", 1152);
        if (captionFeatures != heads * headFeatures) {
            json.problem("\"caption_projection_dim\" " + captionFeatures
                    + " must equal num_attention_heads * attention_head_dim = " + heads * headFeatures);
        }
        String qkNorm = json.text("qk_norm", "none");
        if (!qkNorm.equals("none") && !qkNorm.equals("rms_norm")) {
            json.problem("\"qk_norm\" \"" + qkNorm + "\" is not supported; supported are null and rms_norm");
        }
        return new Sd3Config(
                json.integer("sample_size", 128),
                json.integer("patch_size", 2),
                inChannels,
                json.integer("out_channels", 16),
                json.integer("num_layers", 18),
                heads,
                headFeatures,
                json.integer("joint_attention_dim", 4096),
                json.integer("pooled_projection_dim", 2048),
                json.integer("pos_embed_max_size", 96),
                new HashSet<>(json.integers("dual_attention_layers", List.of())),
                qkNorm.equals("rms_norm"));
    }

    /** The width of the network, D. */
    public int features() {
        return heads * headFeatures;
    }
}
