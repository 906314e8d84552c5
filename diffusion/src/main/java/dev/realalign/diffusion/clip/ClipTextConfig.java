package dev.realalign.diffusion.clip;

import dev.realalign.diffusion.JsonConfig;
import dev.realalign.diffusion.nn.Activation;
import java.util.List;

/**
 * The {@code config.json} of a CLIP text encoder. What an absent key means (transformers' CLIPTextConfig):
 *
 * <table>
 * <caption>Defaults</caption>
 * <tr><td>vocab_size</td><td>49408</td></tr>
 * <tr><td>hidden_size</td><td>512</td></tr>
 * <tr><td>intermediate_size</td><td>2048</td></tr>
 * <tr><td>num_hidden_layers</td><td>12</td></tr>
 * <tr><td>num_attention_heads</td><td>8</td></tr>
 * <tr><td>max_position_embeddings</td><td>77</td></tr>
 * <tr><td>hidden_act</td><td>quick_gelu</td></tr>
 * <tr><td>layer_norm_eps</td><td>1e-5</td></tr>
 * <tr><td>projection_dim</td><td>512</td></tr>
 * <tr><td>eos_token_id</td><td>49407</td></tr>
 * </table>
 *
 * @param projection length of the projected vector; used only by encoders with projection
 * @param endOfText id of the end marker, which pooling looks for; 2 is the value of old configurations and means the largest id of each prompt
 */
public record ClipTextConfig(
        int vocabulary,
        int hidden,
        int intermediate,
        int layers,
        int heads,
        int positions,
        Activation activation,
        double layerNormEps,
        int projection,
        long endOfText) {
    private static final List<String> CLASSES = List.of("CLIPTextModel", "CLIPTextModelWithProjection");

    /** Reads a parsed configuration; what is wrong with it is noted there. */
    public static ClipTextConfig from(JsonConfig json) {
        json.texts("architectures", List.of()).stream()
                .filter(name -> !CLASSES.contains(name))
                .forEach(name -> json.problem("the architecture \"" + name + "\" is not one of " + CLASSES));
        int hidden = json.integer("hidden_size", 512);
        int heads = json.integer("num_attention_heads", 8);
        if (hidden < 1 || heads < 1 || hidden % heads != 0) {
            json.problem("hidden_size " + hidden + " cannot be divided into " + heads + " attention heads");
        }
        return new ClipTextConfig(
                json.integer("vocab_size", 49408),
                hidden,
                json.integer("intermediate_size", 2048),
                json.integer("num_hidden_layers", 12),
                heads,
                json.integer("max_position_embeddings", 77),
                Activation.of(json.text("hidden_act", "quick_gelu")),
                json.number("layer_norm_eps", 1e-5),
                json.integer("projection_dim", 512),
                json.integer("eos_token_id", 49407));
    }

    /** The same with another length of the projected vector. */
    ClipTextConfig withProjection(int length) {
        return new ClipTextConfig(
                vocabulary,
                hidden,
                intermediate,
                layers,
                heads,
                positions,
                activation,
                layerNormEps,
                length,
                endOfText);
    }
}
