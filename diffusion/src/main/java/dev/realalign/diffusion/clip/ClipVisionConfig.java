package dev.realalign.diffusion.clip;

import dev.realalign.diffusion.JsonConfig;
import dev.realalign.diffusion.nn.Activation;

/**
 * The {@code vision_config} of a CLIP model. What an absent key means (transformers' CLIPVisionConfig):
 *
 * <table>
 * <caption>Defaults</caption>
 * <tr><td>hidden_size</td><td>768</td></tr>
 * <tr><td>intermediate_size</td><td>3072</td></tr>
 * <tr><td>num_hidden_layers</td><td>12</td></tr>
 * <tr><td>num_attention_heads</td><td>12</td></tr>
 * <tr><td>image_size</td><td>224</td></tr>
 * <tr><td>patch_size</td><td>32</td></tr>
 * <tr><td>hidden_act</td><td>quick_gelu</td></tr>
 * <tr><td>layer_norm_eps</td><td>1e-5</td></tr>
 * </table>
 *
 * @param side width and height of its pictures in pixels
 * @param patch width and height of a patch in pixels
 */
public record ClipVisionConfig(
        int hidden,
        int intermediate,
        int layers,
        int heads,
        int side,
        int patch,
        Activation activation,
        double layerNormEps) {

    /** Reads a parsed configuration; what is wrong with it is noted there. */
    static ClipVisionConfig from(JsonConfig json) {
        ClipVisionConfig config = new ClipVisionConfig(
                json.integer("hidden_size", 768),
                json.integer("intermediate_size", 3072),
                json.integer("num_hidden_layers", 12),
                json.integer("num_attention_heads", 12),
                json.integer("image_size", 224),
                json.integer("patch_size", 32),
                Activation.of(json.text("hidden_act", "quick_gelu")),
                json.number("layer_norm_eps", 1e-5));
        if (config.hidden < 1 || config.heads < 1 || config.hidden % config.heads != 0) {
            json.problem(
                    "hidden_size " + config.hidden + " cannot be divided into " + config.heads + " attention heads");
        }
        if (config.patch < 1 || config.side < config.patch) {
            json.problem("image_size " + config.side + " holds no patch of " + config.patch + " pixels");
        }
        return config;
    }

    /** Patches of a picture. */
    int patches() {
        return (side / patch) * (side / patch);
    }
}
