package dev.realalign.trainer.bench;

import static org.assertj.core.api.Assertions.assertThat;

import dev.realalign.diffusion.bench.BenchmarkNetworks;
import dev.realalign.diffusion.bench.Measurement;
import dev.realalign.diffusion.bench.Scale;
import dev.realalign.diffusion.lora.LoraAdapter;
import dev.realalign.diffusion.tensor.Device;
import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.diffusion.unet.UNet2DConditionModel;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class DpoStepTest {
    @Test
    @DisplayName("a step runs at a tiny scale, is timed and leaves no tensor behind")
    void measures() {
        long live = Tensor.liveCount();
        Measurement measurement = Measurement.of(new DpoStep(), new Scale(Device.CPU, 2, 8, 1), 1, 2);
        assertThat(Tensor.liveCount()).isEqualTo(live);
        assertThat(measurement.name()).isEqualTo("dpo");
        assertThat(measurement.millis()).hasSize(2).doesNotContain(0);
    }

    @Test
    @DisplayName("the adapter has 81,152 weights: rank 4 on to_q, to_k, to_v and to_out.0 of 22 attentions")
    void adapter() {
        try (UNet2DConditionModel unet = BenchmarkNetworks.unet(Device.CPU);
                LoraAdapter adapter = LoraAdapter.create(unet, DpoStep.LORA, 1)) {
            assertThat(adapter.layers()).hasSize(88);
            assertThat(adapter.parameterCount()).isEqualTo(81_152);
        }
    }
}
