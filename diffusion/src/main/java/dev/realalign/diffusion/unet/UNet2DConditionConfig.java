package dev.realalign.diffusion.unet;

import com.fasterxml.jackson.databind.JsonNode;
import dev.realalign.diffusion.JsonConfig;
import dev.realalign.diffusion.nn.Activation;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;

/**
 * The {@code config.json} of a UNet2DConditionModel. What an absent key means (the class's own defaults in diffusers 0.31):
 *
 * <table>
 * <caption>Settings</caption>
 * <tr><td>sample_size</td><td>none: 64</td></tr>
 * <tr><td>in_channels, out_channels</td><td>4, 4</td></tr>
 * <tr><td>center_input_sample</td><td>false</td></tr>
 * <tr><td>flip_sin_to_cos, freq_shift</td><td>true, 0</td></tr>
 * <tr><td>down_block_types</td><td>CrossAttnDownBlock2D three times, DownBlock2D</td></tr>
 * <tr><td>mid_block_type</td><td>UNetMidBlock2DCrossAttn</td></tr>
 * <tr><td>up_block_types</td><td>UpBlock2D, CrossAttnUpBlock2D three times</td></tr>
 * <tr><td>block_out_channels</td><td>320, 640, 1280, 1280</td></tr>
 * <tr><td>layers_per_block</td><td>2; a number or a list</td></tr>
 * <tr><td>transformer_layers_per_block</td><td>1; a number or a list</td></tr>
 * <tr><td>attention_head_dim</td><td>8; a number or a list, and despite its name the number of heads (unless num_attention_heads says it)</td></tr>
 * <tr><td>cross_attention_dim</td><td>1280</td></tr>
 * <tr><td>downsample_padding</td><td>1</td></tr>
 * <tr><td>act_fn</td><td>silu</td></tr>
 * <tr><td>norm_num_groups, norm_eps</td><td>32, 1e-5; the transformers' own group norm has eps 1e-6</td></tr>
 * <tr><td>use_linear_projection</td><td>false: proj_in and proj_out are 1x1 convolutions</td></tr>
 * <tr><td>upcast_attention</td><td>false</td></tr>
 * <tr><td>conv_in_kernel, conv_out_kernel</td><td>3, 3</td></tr>
 * <tr><td>time_embedding_dim</td><td>4 times the first of block_out_channels</td></tr>
 * <tr><td>addition_embed_type</td><td>none; text_time (SDXL) with addition_time_embed_dim and projection_class_embeddings_input_dim</td></tr>
 * </table>
 *
 * <p>Settings of other networks (class embeddings, image conditioning, gated attention, scale-shift residual blocks and so on) are refused by name.
 *
 * @param layers residual blocks of each down block
 * @param transformers transformer blocks per attention, of each down block
 * @param heads attention heads of each down block
 * @param addition the second embedding of SDXL, or {@link Addition#NONE}
 */
public record UNet2DConditionConfig(
        int sampleSize,
        int inChannels,
        int outChannels,
        boolean centerInputSample,
        boolean cosFirst,
        double frequencyShift,
        List<Boolean> downAttention,
        List<Boolean> upAttention,
        List<Integer> channels,
        List<Integer> layers,
        List<Integer> transformers,
        List<Integer> heads,
        int crossAttention,
        int downsamplePadding,
        Activation activation,
        int groups,
        double eps,
        boolean linearProjection,
        boolean upcastAttention,
        int inKernel,
        int outKernel,
        int timeEmbedding,
        Addition addition) {

    /**
     * SDXL's embedding of pooled prompt and sizes.
     *
     * @param timeDim features per size; 0 where the network has no such embedding
     * @param inputDim features of the pooled prompt and all sizes together
     */
    public record Addition(int timeDim, int inputDim) {
        public static final Addition NONE = new Addition(0, 0);
    }

    private static final String CROSS_DOWN = "CrossAttnDownBlock2D";
    private static final String CROSS_UP = "CrossAttnUpBlock2D";

    /** Settings that only one value is supported of; absent or null is that value too. */
    private static final Map<String, String> FIXED = Map.ofEntries(
            Map.entry("_class_name", "\"UNet2DConditionModel\""),
            Map.entry("mid_block_type", "\"UNetMidBlock2DCrossAttn\""),
            Map.entry("only_cross_attention", "false"),
            Map.entry("mid_block_only_cross_attention", "false"),
            Map.entry("dual_cross_attention", "false"),
            Map.entry("resnet_time_scale_shift", "\"default\""),
            Map.entry("resnet_skip_time_act", "false"),
            Map.entry("time_embedding_type", "\"positional\""),
            Map.entry("class_embeddings_concat", "false"),
            Map.entry("attention_type", "\"default\""));

    /** Settings that are not supported unless absent or null. */
    private static final List<String> ABSENT = List.of(
            "encoder_hid_dim",
            "encoder_hid_dim_type",
            "class_embed_type",
            "num_class_embeds",
            "time_embedding_act_fn",
            "timestep_post_act",
            "time_cond_proj_dim",
            "cross_attention_norm",
            "reverse_transformer_layers_per_block");

    /** Settings whose value must be 1. */
    private static final List<String> ONE = List.of("mid_block_scale_factor", "resnet_out_scale_factor");

    /** Reads a parsed configuration; what is wrong with it or not supported is noted there. */
    public static UNet2DConditionConfig from(JsonConfig json) {
        refuseUnsupported(json);
        List<Integer> channels = json.integers("block_out_channels", List.of(320, 640, 1280, 1280));
        List<String> down = json.texts("down_block_types", List.of(CROSS_DOWN, CROSS_DOWN, CROSS_DOWN, "DownBlock2D"));
        List<String> up = json.texts("up_block_types", List.of("UpBlock2D", CROSS_UP, CROSS_UP, CROSS_UP));
        int blocks = channels.size();
        if (blocks == 0 || down.size() != blocks || up.size() != blocks) {
            json.problem("block_out_channels, down_block_types and up_block_types must have one entry per block, not "
                    + blocks + ", " + down.size() + " and " + up.size());
        }
        int groups = json.integer("norm_num_groups", 32);
        channels.stream()
                .filter(c -> c < 1 || groups < 1 || c % groups != 0)
                .distinct()
                .forEach(c ->
                        json.problem("block_out_channels " + c + " cannot be divided into norm_num_groups " + groups));
        List<Integer> heads = perBlock(
                json, json.has("num_attention_heads") ? "num_attention_heads" : "attention_head_dim", 8, blocks);
        for (int i = 0; i < Math.min(blocks, heads.size()); i++) {
            if (heads.get(i) < 1 || channels.get(i) % heads.get(i) != 0) {
                json.problem("block_out_channels " + channels.get(i) + " cannot be divided into " + heads.get(i)
                        + " attention heads");
            }
        }
        return new UNet2DConditionConfig(
                json.integer("sample_size", 64),
                json.integer("in_channels", 4),
                json.integer("out_channels", 4),
                json.flag("center_input_sample", false),
                json.flag("flip_sin_to_cos", true),
                json.number("freq_shift", 0),
                attention(json, "down_block_types", down, CROSS_DOWN, "DownBlock2D"),
                attention(json, "up_block_types", up, CROSS_UP, "UpBlock2D"),
                channels,
                perBlock(json, "layers_per_block", 2, blocks),
                perBlock(json, "transformer_layers_per_block", 1, blocks),
                heads,
                json.integer("cross_attention_dim", 1280),
                json.integer("downsample_padding", 1),
                activation(json),
                groups,
                json.number("norm_eps", 1e-5),
                json.flag("use_linear_projection", false),
                json.flag("upcast_attention", false),
                json.integer("conv_in_kernel", 3),
                json.integer("conv_out_kernel", 3),
                json.integer("time_embedding_dim", channels.isEmpty() ? 0 : 4 * channels.get(0)),
                addition(json));
    }

    private static void refuseUnsupported(JsonConfig json) {
        FIXED.forEach((key, value) -> {
            JsonNode node = json.node(key);
            if (node != null && !node.toString().equals(value)) {
                json.problem("\"" + key + "\" is " + node + ", only " + value + " is supported");
            }
        });
        for (String key : ABSENT) {
            if (json.has(key)) {
                json.problem("\"" + key + "\" is " + json.node(key) + ", which is not supported");
            }
        }
        for (String key : ONE) {
            if (json.number(key, 1) != 1) {
                json.problem("\"" + key + "\" is " + json.node(key) + ", only 1 is supported");
            }
        }
    }

    private static List<Boolean> attention(
            JsonConfig json, String key, List<String> types, String with, String without) {
        List<Boolean> attention = new ArrayList<>();
        for (String type : types) {
            if (!type.equals(with) && !type.equals(without)) {
                json.problem("\"" + key + "\" has " + type + ", only " + with + " and " + without + " are supported");
            }
            attention.add(type.equals(with));
        }
        return List.copyOf(attention);
    }

    private static List<Integer> perBlock(JsonConfig json, String key, int absent, int blocks) {
        JsonNode node = json.node(key);
        if (node == null || !node.isArray()) {
            return Collections.nCopies(blocks, json.integer(key, absent));
        }
        List<Integer> values = json.integers(key, List.of());
        if (values.size() != blocks) {
            json.problem("\"" + key + "\" must be a number or have one entry for each of " + blocks + " blocks, but is "
                    + node);
            return Collections.nCopies(blocks, absent);
        }
        return values;
    }

    private static Activation activation(JsonConfig json) {
        try {
            return Activation.of(json.text("act_fn", "silu"));
        } catch (IllegalArgumentException e) {
            json.problem("\"act_fn\": " + e.getMessage());
            return Activation.SILU;
        }
    }

    private static Addition addition(JsonConfig json) {
        if (!json.has("addition_embed_type")) {
            return Addition.NONE;
        }
        String type = json.text("addition_embed_type", "");
        Addition addition = new Addition(
                json.integer("addition_time_embed_dim", 0), json.integer("projection_class_embeddings_input_dim", 0));
        if (!type.equals("text_time")) {
            json.problem("\"addition_embed_type\" is \"" + type + "\", only text_time is supported");
        } else if (addition.timeDim() < 1 || addition.inputDim() < 1) {
            json.problem("text_time needs addition_time_embed_dim and projection_class_embeddings_input_dim");
        }
        return addition;
    }

    /** The number of down blocks, and of up blocks. */
    public int blocks() {
        return channels.size();
    }
}
