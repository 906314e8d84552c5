package dev.realalign.diffusion.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.realalign.diffusion.JsonConfig;
import dev.realalign.diffusion.SharedData;
import dev.realalign.diffusion.tensor.Device;
import dev.realalign.diffusion.tensor.Tensor;
import dev.realalign.diffusion.unet.UNet2DConditionConfig;
import dev.realalign.diffusion.unet.UNet2DConditionModel;
import java.util.List;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class MeasurementTest {
    private static final Scale TINY = new Scale(Device.CPU, 2, 8, 1);

    @ParameterizedTest(name = "{0}")
    @MethodSource("workloads")
    @DisplayName("a workload runs at a tiny scale, is timed step by step and leaves no tensor behind")
    void measures(String name, Workload workload) {
        long live = Tensor.liveCount();
        Measurement measurement = Measurement.of(workload, TINY, 1, 2);
        assertThat(Tensor.liveCount()).isEqualTo(live);
        assertThat(measurement.name()).isEqualTo(name);
        assertThat(measurement.images()).isEqualTo(2);
        assertThat(measurement.millis()).hasSize(2);
        assertThat(measurement.medianMillis()).isBetween(0.01, 60_000.0);
        assertThat(measurement.imagesPerSecond()).isEqualTo(2000 / measurement.medianMillis());
        if (measurement.peakBytes().isPresent()) {
            assertThat(measurement.preparedBytes().getAsLong()).isGreaterThan(50_000_000L); // libtorch and a JVM
            assertThat(measurement.peakBytes().getAsLong())
                    .isGreaterThanOrEqualTo(measurement.preparedBytes().getAsLong());
        }
    }

    static Stream<Object[]> workloads() {
        return Workloads.all().stream().map(workload -> new Object[] {workload.name(), workload});
    }

    @Test
    @DisplayName("the workloads, in order")
    void names() {
        assertThat(Workloads.all().stream().map(Workload::name))
                .containsExactly("forward", "full", "sampling", "decode");
    }

    @Test
    @DisplayName("the U-Net has the reference benchmark's weights, by number and by configuration")
    void network() {
        try (UNet2DConditionModel unet = BenchmarkNetworks.unet(Device.CPU)) {
            assertThat(unet.parameters().values().stream()
                            .mapToLong(Tensor::count)
                            .sum())
                    .isEqualTo(10_775_684);
            assertThat(unet.config())
                    .isEqualTo(JsonConfig.read(SharedData.path("bench/unet-bench.json"), UNet2DConditionConfig::from));
        }
    }

    @ParameterizedTest(name = "{0} have the median {1}")
    @CsvSource({"5, 5", "9 1 5, 5", "4 1 3 2, 2.5"})
    @DisplayName("the median of an even number of steps is the mean of the two in the middle")
    void median(String steps, double median) {
        double[] millis =
                Stream.of(steps.split(" ")).mapToDouble(Double::parseDouble).toArray();
        Measurement measurement = new Measurement("any", 8, millis, OptionalLong.empty(), OptionalLong.empty());
        assertThat(measurement.medianMillis()).isEqualTo(median);
        assertThat(measurement.imagesPerSecond()).isEqualTo(8000 / median);
    }

    @Test
    @DisplayName("memory is read from the system's status in kB, and unknown where that lacks it")
    void memory() {
        List<String> status = List.of("Name:\tjava", "VmHWM:\t    2048 kB", "VmRSS:\t    1024 kB");
        assertThat(ProcessMemory.field(status, "VmHWM:")).hasValue(2_097_152);
        assertThat(ProcessMemory.field(status, "VmRSS:")).hasValue(1_048_576);
        assertThat(ProcessMemory.field(status, "VmSwap:")).isEmpty();
    }

    @Test
    @DisplayName("impossible scales and counts are refused")
    void refuses() {
        assertThatThrownBy(() -> new Scale(Device.CPU, 3, 12, 0))
                .hasMessage(
                        "a benchmark needs an even number of images, a side that is a multiple of 8 and at least one"
                                + " sampling step, not 3, 12 and 0");
        assertThatThrownBy(() -> Measurement.of(new Forward(), TINY, -1, 0))
                .hasMessage("a measurement takes at least 1 step after at least 0 to warm up, not 0 and -1");
    }
}
