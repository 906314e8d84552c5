package dev.realalign.diffusion.t5;

import dev.realalign.diffusion.JsonConfig;
import dev.realalign.diffusion.nn.Activation;

/**
 * The {@code config.json} of a T5 encoder.
 *
 * <table>
 * <caption>What an absent key means (defaults of transformers' T5Config)</caption>
 * <tr><th>key</th><th>default</th></tr>
 * <tr><td>vocab_size</td><td>32128</td></tr>
 * <tr><td>d_model, d_kv, d_ff</td><td>512, 64, 2048</td></tr>
 * <tr><td>num_layers, num_heads</td><td>6, 8</td></tr>
 * <tr><td>relative_attention_num_buckets, relative_attention_max_distance</td><td>32, 128</td></tr>
 * <tr><td>layer_norm_epsilon</td><td>1e-6</td></tr>
 * <tr><td>feed_forward_proj</td><td>relu</td></tr>
 * </table>
 *
 * @param vocabulary number of token ids V
 * @param features width of the hidden states D
 * @param headFeatures features per head d
 * @param inner width of the feed-forward layer F
 * @param layers number of blocks
 * @param heads number of heads S; S d need not be D
 * @param buckets number of relative positions told apart, both directions together
 * @param maxDistance distances from here on share the last bucket
 * @param eps of the root-mean-square norms
 * @param gated whether the feed-forward layer is gated (T5 v1.1)
 * @param activation of the feed-forward layer
 */
public record T5Config(
        int vocabulary,
        int features,
        int headFeatures,
        int inner,
        int layers,
        int heads,
        int buckets,
        int maxDistance,
        double eps,
        boolean gated,
        Activation activation) {

    /** The mapping from the published keys. */
    public static T5Config from(JsonConfig json) {
        String projection = json.text("feed_forward_proj", "relu");
        boolean gated = projection.startsWith("gated-");
        // "gated-gelu" has always meant the tanh approximation
        String activation = projection.equals("gated-gelu") ? "gelu_new" : projection.replaceFirst("^gated-", "");
        return new T5Config(
                json.integer("vocab_size", 32128),
                json.integer("d_model", 512),
                json.integer("d_kv", 64),
                json.integer("d_ff", 2048),
                json.integer("num_layers", 6),
                json.integer("num_heads", 8),
                json.integer("relative_attention_num_buckets", 32),
                json.integer("relative_attention_max_distance", 128),
                json.number("layer_norm_epsilon", 1e-6),
                gated,
                Activation.of(activation));
    }
}
