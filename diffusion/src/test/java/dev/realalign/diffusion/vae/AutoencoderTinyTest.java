package dev.realalign.diffusion.vae;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.realalign.diffusion.JsonConfig;
import dev.realalign.diffusion.ModelFormatException;
import dev.realalign.diffusion.nn.Weights;
import dev.realalign.diffusion.tensor.Device;
import dev.realalign.diffusion.tensor.ElementType;
import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.diffusion.tensor.TensorScope;
import org.junit.jupiter.api.Test;

class AutoencoderTinyTest {

    @Test
    void the_published_one_has_its_published_size() {
        AutoencoderTinyConfig config = JsonConfig.parse("config.json", "{}", AutoencoderTinyConfig::from);
        try (AutoencoderTiny vae = new AutoencoderTiny(config, Weights.zeros())) {
            assertThat(vae.network().parameterCount()).isEqualTo(1_222_532L + 1_222_531L);
            assertThat(vae.factor()).isEqualTo(8);
        }
    }

    @Test
    void an_image_becomes_latents_without_chance_and_back() {
        AutoencoderTinyConfig config = JsonConfig.parse(
                "config.json",
                "{\"encoder_block_out_channels\": [8, 8], \"decoder_block_out_channels\": [8, 8],"
                        + " \"num_encoder_blocks\": [1, 2], \"num_decoder_blocks\": [2, 1]}",
                AutoencoderTinyConfig::from);
        try (AutoencoderTiny vae = new AutoencoderTiny(config, Weights.random(1, ElementType.F32, Device.CPU));
                TensorScope scope = TensorScope.open()) {
            Posterior posterior = vae.encode(Tensor.uniform(2, -1, 1, 2, 3, 8, 6));
            assertThat(posterior.mean().shape()).containsExactly(2, 4, 4, 3);
            assertThat(posterior.logvar()).isNull();
            assertThat(vae.decode(vae.scaled(posterior.mean())).shape()).containsExactly(2, 3, 8, 6);
            assertThatThrownBy(() -> vae.encode(Tensor.zeros(1, 3, 7, 6)))
                    .hasMessageContaining("H and W multiples of 2");
            assertThatThrownBy(() -> vae.decode(Tensor.zeros(1, 3, 7, 6)))
                    .hasMessageContaining("latents must be (B, 4, H, W)");
        }
    }

    @Test
    void lists_of_different_length_are_refused() {
        assertThatThrownBy(() -> JsonConfig.parse(
                        "config.json", "{\"num_encoder_blocks\": [1, 2]}", AutoencoderTinyConfig::from))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContaining("must be lists of one length");
    }
}
