package dev.realalign.diffusion;

import dev.realalign.diffusion.nn.Weights;
import dev.realalign.diffusion.tensor.Device;
import dev.realalign.diffusion.tensor.ElementType;
import dev.realalign.diffusion.unet.UNet2DConditionConfig;
import dev.realalign.diffusion.unet.UNet2DConditionModel;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;

/** Small networks with random weights, and the reference folder where it is at hand. */
public final class TinyModels {
    public static final String UNET_CONFIG =
            """
            {"_class_name": "UNet2DConditionModel", "sample_size": 8, "in_channels": 4, "out_channels": 4,
             "down_block_types": ["CrossAttnDownBlock2D", "DownBlock2D"], "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D"],
             "block_out_channels": [16, 32], "layers_per_block": 1, "norm_num_groups": 8, "cross_attention_dim": 12, "attention_head_dim": 4}
            """;

    private TinyModels() {}

    public static UNet2DConditionModel unet(long seed) {
        return unet(seed, ElementType.F32);
    }

    public static UNet2DConditionModel unet(long seed, ElementType type) {
        UNet2DConditionConfig config = JsonConfig.parse("config.json", UNET_CONFIG, UNet2DConditionConfig::from);
        return new UNet2DConditionModel(config, Weights.random(seed, type, Device.CPU), "random-" + seed);
    }

    public static Path golden() {
        Path golden = Path.of(System.getProperty("realalign.shared", "none"), "golden");
        Assumptions.assumeTrue(Files.isDirectory(golden), "reference tensors are not at " + golden);
        return golden;
    }
}
