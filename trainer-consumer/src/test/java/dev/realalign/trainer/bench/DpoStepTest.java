package dev.realalign.trainer.bench;

import static org.assertj.core.api.Assertions.assertThat;

import dev.realalign.diffusion.bench.BenchmarkNetworks;
import dev.realalign.diffusion.bench.Measurement;
import dev.realalign.diffusion.bench.Scale;
import dev.realalign.diffusion.lora.LoraAdapter;
import dev.realalign.diffusion.tensor.Device;
import dev.realalign.diffusion.tensor.ElementType;
import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.diffusion.unet.UNet2DConditionModel;
import dev.realalign.trainer.learn.EngineSettings;
import java.util.Collections;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DpoStepTest {
    @ParameterizedTest(name = "a step of {0} replicas runs at a tiny scale, is timed and leaves no tensor behind")
    @ValueSource(ints = {1, 2})
    void measures(int replicas) {
        EngineSettings engine = new EngineSettings(Collections.nCopies(replicas, Device.CPU), ElementType.F32, false);
        long live = Tensor.liveCount();
        Measurement measurement = Measurement.of(new DpoStep(engine), new Scale(Device.CPU, 4, 8, 1), 1, 2);
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
